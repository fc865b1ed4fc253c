"""Cohorts brought in a browser or named on the command line: who sees them, and what of their names stays."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from core.errors import NotFound, StudyError, TableError, TooLarge, UnsupportedFile
from core.metrics.cohort import Missing
from core.settings import settings
from core.workflows import cohorts
from core.workspace import Workspace
from core.workspace.cohort_record import CohortKind, KeptCohort

TABLE = (
    b"case_id,label,slice_split,slice_site,m\n"
    b"a,1,val,x,0.9\nb,0,val,y,0.2\nc,1,test,x,0.8\nd,0,test,y,0.1\ne,0,test,x,0.3\n"
)


@pytest.fixture
def owner() -> Workspace:
    """An owner with nothing yet."""
    return Workspace("owner-one")


def zipped(folder: Path, prefix: str = "") -> bytes:
    """All files of a folder as a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                bundle.write(path, prefix + path.relative_to(folder).as_posix())
    return made.getvalue()


def brought(owner: Workspace, folder: Path) -> KeptCohort:
    """The folder as a browser sends it."""
    files = [(p.relative_to(folder).as_posix(), p.open("rb")) for p in sorted(folder.rglob("*")) if p.is_file()]
    try:
        return cohorts.add_images(owner, files)
    finally:
        for _, stream in files:
            stream.close()


def test_table_is_kept_by_content_and_described(owner: Workspace) -> None:
    """The page lists what a cohort holds without reading two million rows each time."""
    kept = cohorts.add_scores(owner, io.BytesIO(TABLE))
    again = cohorts.add_scores(owner, io.BytesIO(TABLE))

    assert kept == again
    assert cohorts.list_cohorts(owner) == [kept]
    assert (kept.kind, kept.cases, kept.labels) == (CohortKind.SCORES, 5, {"0": 3, "1": 2})
    assert (kept.positive, kept.splits, kept.slices, kept.patients) == ("1", ("test", "val"), ("split", "site"), None)


def test_named_subset_holds_its_cases_alone(owner: Workspace) -> None:
    """Calibration and test sets lie in one file and must not mix."""
    kept = cohorts.add_scores(owner, io.BytesIO(TABLE))

    test = cohorts.read_scores(kept, split="test")

    assert test.cohort.cases == ("c", "d", "e")
    assert (test.rows, test.file) == (3, "cohort-01, split test")
    with pytest.raises(TableError, match='no case has the value "tset"'):
        cohorts.read_scores(kept, split="tset")


def test_holes_outside_the_subset_do_not_refuse_it(owner: Workspace) -> None:
    """A missing score of the training films is no fault of the test set; one inside still is."""
    kept = cohorts.add_scores(owner, io.BytesIO(TABLE.replace(b"a,1,val,x,0.9", b"a,1,val,x,")))

    assert cohorts.read_scores(kept, split="test").cohort.n == 3
    with pytest.raises(TableError, match='row 2, column "m": no score'):
        cohorts.read_scores(kept, split="val")
    assert cohorts.read_scores(kept, split="val", missing=Missing.DROP).cohort.n == 1


def test_another_owner_sees_nothing_of_it(owner: Workspace) -> None:
    """A cohort is as private as a study."""
    kept = cohorts.add_scores(owner, io.BytesIO(TABLE))
    other = Workspace("owner-two")

    assert cohorts.list_cohorts(other) == []
    with pytest.raises(NotFound, match="not here"):
        cohorts.find_cohort(other, kept.id)
    with pytest.raises(NotFound):
        cohorts.find_cohort(other, "../" + kept.id)


def test_cohort_of_the_command_line_is_shown_on_this_machine_alone(
    owner: Workspace, tiny: Path, film_folder: Path
) -> None:
    """Five thousand films do not go through a browser; nor are they for a browser elsewhere."""
    kept = cohorts.keep_path(film_folder)

    assert kept.of_machine
    assert cohorts.list_cohorts(owner) == [kept]
    assert cohorts.find_cohort(owner, kept.id) == kept
    assert cohorts.list_cohorts(owner, local=False) == []
    with pytest.raises(NotFound):
        cohorts.find_cohort(owner, kept.id, local=False)


def test_folder_zip_and_upload_of_the_same_images_are_one_content(
    owner: Workspace, tiny: Path, film_folder: Path, tmp_path: Path
) -> None:
    """By whatever way it comes, a link to a cohort opens the same one."""
    archive = tmp_path / "films.zip"
    archive.write_bytes(zipped(film_folder, "films/"))

    made = [
        cohorts.keep_path(film_folder),
        cohorts.keep_path(archive),
        brought(owner, film_folder),
        cohorts.add_images(owner, [("films.zip", io.BytesIO(zipped(film_folder)))]),
    ]

    assert len({kept.sha256 for kept in made}) == 1
    assert [kept.name for kept in made] == ["cohort-01"] * 4
    assert made[0].positive == "pneumonia"
    assert made[0].labels == {"normal": 3, "pneumonia": 3}


def test_names_of_files_stay_in_the_map_alone(owner: Workspace, tiny: Path, film_folder: Path) -> None:
    """A file is often called after its patient."""
    kept = brought(owner, film_folder)

    assert [case.id for case in cohorts.cohort_cases(kept)][:2] == ["case-0001", "case-0002"]
    assert b"pneumonia/john-doe.png" in cohorts.case_map_csv(kept)
    named = [p for p in owner.folder.rglob("*") if p.is_file() and b"john" in p.read_bytes()]
    assert [path.name for path in named] == ["names.json"]
    assert not list(owner.folder.rglob("*john*"))


def test_patients_are_counted_and_renamed(owner: Workspace, tiny: Path, film_folder: Path, tmp_path: Path) -> None:
    """Who is one person matters for every interval; who it is does not."""
    (tmp_path / "films").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "films" / f"{name}.png").write_bytes((film_folder / "normal" / f"{name}.png").read_bytes())
    table = "file,label,patient_id\nfilms/a.png,0,Doe\nfilms/b.png,1,Roe\nfilms/c.png,1,Doe\n"
    (tmp_path / "labels.csv").write_text(table)

    kept = brought(owner, tmp_path)

    assert kept.patients == 2
    assert [case.patient for case in cohorts.cohort_cases(kept)] == ["patient-0001", "patient-0002", "patient-0001"]
    assert not [note for note in kept.notes if note[0] == "patients_assumed"]
    assert b"Doe" in cohorts.case_map_csv(kept)
    assert b"Doe" not in (kept.folder / "cases.json").read_bytes()
    assert not (kept.root / "labels.csv").exists()


def test_without_patients_the_answer_says_what_it_assumes(tiny: Path, film_folder: Path) -> None:
    """Ten films of one patient are not ten patients."""
    assert ("patients_assumed", "No patients are named: one image per patient is assumed.") in cohorts.keep_path(
        film_folder
    ).notes


def test_copies_of_an_image_are_told_and_contradicting_labels_too(
    tiny: Path, film_folder: Path, tmp_path: Path
) -> None:
    """They count twice, or one of them is wrong."""
    for name in ("sick/a.png", "sick/b.png", "well/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((film_folder / "normal" / "a.png").read_bytes())

    notes = dict(cohorts.keep_path(tmp_path).notes)

    assert notes["copies"].startswith("2 cases are copies")
    assert "In 1 of them the labels differ." in notes["copies"]


def test_positive_label_is_named_found_or_left_to_the_reader(tiny: Path, film_folder: Path, tmp_path: Path) -> None:
    """A wrong guess would turn every figure upside down."""
    for name in ("ill/a.png", "fine/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((film_folder / "normal" / name[-5:]).read_bytes())

    assert cohorts.keep_path(tmp_path).positive == ""
    assert cohorts.keep_path(tmp_path, positive="ill").positive == "ill"
    with pytest.raises(StudyError, match="Name one of: fine, ill"):
        cohorts.keep_path(tmp_path, positive="sick")


def test_cohort_without_scores_says_so(tiny: Path, film_folder: Path) -> None:
    """The page offers the button that scores it."""
    with pytest.raises(TableError, match="no model has scored these cases yet"):
        cohorts.read_scores(cohorts.keep_path(film_folder))


def test_quota_holds_for_cohorts_and_nothing_of_a_refused_one_stays(
    owner: Workspace, tiny: Path, film_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One user must not fill the disk."""
    monkeypatch.setenv("READROOM_OWNER_MIB", "1")
    settings.cache_clear()

    with pytest.raises(TooLarge):
        cohorts.add_images(owner, [("a.zip", io.BytesIO(zipped(film_folder) + bytes(2**20)))])

    assert cohorts.list_cohorts(owner) == []
    assert owner.size_bytes() == 0


def test_hostile_archives_are_refused(owner: Workspace, film_folder: Path) -> None:
    """Names in a zip never become paths, and archives in archives are bombs."""
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as bundle:
        bundle.writestr("normal/inner.zip", zipped(film_folder))
    outside = io.BytesIO()
    with zipfile.ZipFile(outside, "w") as bundle:
        bundle.writestr("../../normal/a.png", (film_folder / "normal" / "a.png").read_bytes())
        bundle.writestr("../../pneumonia/b.png", (film_folder / "normal" / "b.png").read_bytes())

    nested.seek(0)
    outside.seek(0)

    with pytest.raises(UnsupportedFile, match="archive inside"):
        cohorts.add_images(owner, [("x.zip", nested)])
    with pytest.raises(StudyError, match="No labelled images"):
        cohorts.add_images(owner, [("x.zip", outside)])

    assert not list(owner.folder.parent.parent.rglob("*.png"))


def test_path_that_is_neither_folder_nor_zip_is_refused(tmp_path: Path) -> None:
    """A scores.csv given for images is the likeliest mistake."""
    (tmp_path / "scores.csv").write_bytes(TABLE)

    with pytest.raises(StudyError, match=r"a scores.csv needs no scoring"):
        cohorts.keep_path(tmp_path / "scores.csv")
    with pytest.raises(StudyError, match="no folder and no zip"):
        cohorts.keep_path(tmp_path / "nowhere")


def test_deleting_takes_what_was_made_and_leaves_the_owners_files(tiny: Path, film_folder: Path) -> None:
    """The data folder is ours; the folder that was scored is not."""
    kept = cohorts.keep_path(film_folder)

    cohorts.delete_cohort(kept)

    assert cohorts.list_cohorts(None) == []
    assert not kept.folder.exists()
    assert (film_folder / "normal" / "a.png").exists()


def test_record_names_no_place_of_its_own(owner: Workspace) -> None:
    """A data folder can be moved."""
    kept = cohorts.add_scores(owner, io.BytesIO(TABLE))

    assert "folder" not in json.loads((kept.folder / "cohort.json").read_bytes())
