"""`labels.csv` beside images, fault by fault, and never with a file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import TableError
from core.workflows.labelled_folder import read_labelled
from core.workflows.labelled_folder_files import Labelled, NamedFile, list_folder
from core.workspace.cohort_record import CohortKind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images in a folder of their own, and a series."""
    for name in ("films/a.png", "films/b.png", "series/1.dcm", "series/2.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def read(folder: Path, table: str) -> Labelled:
    """The cases that the table names."""
    (folder / "labels.csv").write_text(table)
    return read_labelled(list_folder(folder))


def faults(folder: Path, table: str) -> list[str]:
    """What is said against it."""
    with pytest.raises(TableError) as refusal:
        read(folder, table)
    return [fault.text for fault in refusal.value.faults]


def test_rows_are_cases_with_all_that_is_known_of_them(folder: Path) -> None:
    """Label, patient, split and subgroups travel into the scores."""
    table = (
        "file,label,patient_id,split,slice_site,comment\nfilms/a.png,sick,p1,val,north,x\nseries,well,p1,test,south,y\n"
    )

    labelled = read(folder, table)

    first, second = labelled.cases
    assert labelled.kind is CohortKind.IMAGES
    assert labelled.has_patients
    assert (first.label, first.patient, first.split, first.slices) == ("sick", "p1", "val", {"site": "north"})
    assert [file.name for file in second.files] == ["series/1.dcm", "series/2.dcm"]


def test_masks_take_the_place_of_labels(folder: Path) -> None:
    """The same table for segmentation."""
    labelled = read(folder, "file,mask\nfilms/a.png,films/b.png\n")

    assert labelled.kind is CohortKind.MASKS
    assert labelled.cases[0].mask == NamedFile("films/b.png", folder / "films/b.png")


def test_missing_file_is_a_fault_of_its_case_alone_and_is_told_by_row(folder: Path) -> None:
    """One lost file must not stop the other thousand; its name may be a person's."""
    labelled = read(folder, "file,label\nfilms/john-doe.png,sick\nfilms/a.png,well\n")

    assert [case.fault for case in labelled.cases] == ["labels.csv, row 2: there is no such file in the folder.", ""]


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "C:\\films\\a.png", "films/../../a.png"])
def test_paths_out_of_the_folder_are_refused(folder: Path, path: str) -> None:
    """A table from elsewhere could name any file of this machine."""
    (told,) = faults(folder, f"file,label\n{path},sick\n")

    assert told.startswith('labels.csv, row 2, column "file": leads out of the folder.')


def test_backslashes_are_slashes(folder: Path) -> None:
    """Tables made on Windows."""
    assert read(folder, "file,label\nfilms\\a.png,sick\n").cases[0].fault == ""


def test_all_faults_are_told_at_once_without_names(folder: Path) -> None:
    """As with scores.csv: row and column, mended in one go."""
    told = faults(folder, "file,label,patient_id\nfilms/a.png,sick,p1\nfilms/a.png,,p2\n,well,\n")

    assert told == [
        'labels.csv, row 3, column "file": the same file as in row 2. Each case may appear once.',
        'labels.csv, row 3, column "label": empty. Every case needs a label.',
        'labels.csv, row 4, column "file": empty. Every case needs a file.',
        'labels.csv, row 4, column "patient_id": empty. Fill it for every case or remove the column.',
    ]


def test_columns_that_are_needed_are_named(folder: Path) -> None:
    """The header is what people get wrong first."""
    assert faults(folder, "path,label\na,b\n") == [
        'labels.csv: there is no column "file". The columns are: path, label.'
    ]
    assert faults(folder, "file,truth\na,b\n") == [
        'labels.csv: there is no column "label". The columns are: file, truth.'
    ]
    assert faults(folder, "file,label,label\na,b,c\n") == ['labels.csv: the column "label" appears more than once.']


def test_links_and_hidden_files_are_left_aside(folder: Path) -> None:
    """What lies elsewhere was not brought."""
    (folder / "films" / "link.png").symlink_to("/etc/passwd")

    labelled = read(folder, "file,label\nfilms/link.png,sick\n")

    assert labelled.cases[0].fault
