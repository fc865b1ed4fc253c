"""From an upload to cases: what is read, asked, refused, joined and told in CSV."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from core.errors import GeometryError, NotFound
from core.studies.study import Kind
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows import cases
from core.workflows.pictures import pictures
from core.workspace import Uploads, UploadState, Workspace, picture_tokens
from tests.phantoms import add_phantom
from tests.studies.builders import pack_files, series, volume_pixels


@pytest.fixture
def owner() -> Workspace:
    """An owner with nothing yet."""
    return Workspace("owner-one")


STUDY_UID = generate_uid()


def _receive(owner: Workspace, *files: tuple[str, bytes]) -> None:
    cases.receive(owner, ((name, io.BytesIO(content)) for name, content in files))


def _four_dimensional(path: Path) -> bytes:
    values = np.random.default_rng(3).integers(0, 900, (10, 10, 10, 2)).astype(np.int16)
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    return path.read_bytes()


def test_each_upload_becomes_a_case_a_question_or_a_refusal(owner: Workspace, tmp_path: Path) -> None:
    """One bad file of a drop must cost nothing but itself."""
    synthetic_film(tmp_path / "film.png", 1)
    four = _four_dimensional(tmp_path / "four.nii")
    _receive(owner, ("a", (tmp_path / "film.png").read_bytes()), ("b", b"notes"), ("c", four))
    told: list[tuple[int, int]] = []

    cases.read_waiting(owner, lambda done, of: told.append((done, of)))

    assert [case.kind for case in owner.cases()] == [Kind.FILM]
    assert {u.state for u in Uploads(owner).all()} == {UploadState.REFUSED, UploadState.CHOICE}
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert not cases.is_waiting(owner)


def test_nothing_of_a_read_file_stays_but_its_pixels(owner: Workspace, tmp_path: Path) -> None:
    """The bytes hold the identifiers that were removed; they go as soon as they are read."""
    image = nib.Nifti1Image(np.random.default_rng(1).integers(0, 9, (12, 12, 12)).astype(np.int16), np.eye(4))
    image.header["descrip"] = b"Mustermann Erika 1950"
    nib.save(image, tmp_path / "v.nii")
    _receive(owner, ("v.nii", (tmp_path / "v.nii").read_bytes()))

    cases.read_waiting(owner)

    kept = b"".join(p.read_bytes() for p in owner.folder.rglob("*") if p.is_file())
    assert len(owner.cases()) == 1
    assert b"Mustermann" not in kept


def test_an_answered_choice_is_that_volume_and_the_rest_stays(owner: Workspace, tmp_path: Path) -> None:
    """A second look at the same upload must not need a second upload."""
    _receive(owner, ("four.nii", _four_dimensional(tmp_path / "four.nii")))
    cases.read_waiting(owner)
    (upload,) = Uploads(owner).all()
    first, second = (choice.id for choice in upload.choices)

    case = cases.answer_choice(owner, upload.id, second)

    expected = np.asarray(nib.load(tmp_path / "four.nii").dataobj)[..., 1]
    np.testing.assert_array_equal(owner.study(case.id).pixels[0], expected)
    assert [c.id for c in Uploads(owner).get(upload.id).choices] == [first]
    cases.answer_choice(owner, upload.id, first)
    assert Uploads(owner).all() == []


def test_a_series_of_several_volumes_is_asked_about_twice(owner: Workspace, tmp_path: Path) -> None:
    """Which series, and which of its volumes: a command can say both, so a page must be able to."""
    early, late = volume_pixels(seed=1), volume_pixels(seed=2)
    other = series(tmp_path / "one", volume_pixels(slices=4, seed=3), prefix="other", SeriesNumber=1)
    shared = {"SeriesNumber": 2, "SeriesInstanceUID": "1.2.3"}
    several = series(tmp_path / "two", early, AcquisitionNumber=1, **shared)
    several += series(tmp_path / "two", late, prefix="late", AcquisitionNumber=2, **shared)
    packed = pack_files(tmp_path / "all.zip", [*other, *several])
    _receive(owner, ("all.zip", packed.read_bytes()))
    cases.read_waiting(owner)
    (upload,) = Uploads(owner).all()

    assert cases.answer_choice(owner, upload.id, "series-2") is None
    offered = Uploads(owner).get(upload.id).choices
    case = cases.answer_choice(owner, upload.id, "series-2:1")

    assert [c.id for c in offered] == ["series-2:0", "series-2:1", "series-1"]
    assert [c.what for c in offered[:2]] == [f"MR series 2, 12 slices of 10 x 12: volume {n} of 2" for n in (0, 1)]
    assert case is not None
    np.testing.assert_array_equal(owner.study(case.id).pixels[0], late.transpose(2, 1, 0))
    assert [c.id for c in Uploads(owner).get(upload.id).choices] == ["series-2:0", "series-1"]
    for left in ("series-1", "series-2:0"):
        assert cases.answer_choice(owner, upload.id, left) is not None
    assert Uploads(owner).all() == []
    assert len({c.sha256 for c in owner.cases()}) == 3


def test_a_choice_is_read_once_in_two_tabs(owner: Workspace, tmp_path: Path) -> None:
    """A second press of the button, here or in another tab, must not make a second case of the same volume."""
    _receive(owner, ("four.nii", _four_dimensional(tmp_path / "four.nii")))
    cases.read_waiting(owner)

    def read(_: int) -> str:
        try:
            cases.answer_choice(owner, "upload-01", "0")
        except NotFound as refusal:
            return refusal.found
        return "read"

    with ThreadPoolExecutor(2) as tabs:
        said = set(tabs.map(read, range(2)))

    assert said == {"read", "That study is not on offer in this upload."}
    assert len(owner.cases()) == 1


def test_a_choice_that_was_never_offered_is_refused(owner: Workspace, tmp_path: Path) -> None:
    """The answer comes from a page and is checked like anything from outside."""
    _receive(owner, ("four.nii", _four_dimensional(tmp_path / "four.nii")))
    cases.read_waiting(owner)

    with pytest.raises(NotFound, match="not on offer"):
        cases.answer_choice(owner, "upload-01", "../../etc")


def test_channels_are_joined_by_name(owner: Workspace, tmp_path: Path) -> None:
    """A position in a list is never a meaning: T1 is the case that was called T1."""
    for seed in (1, 2):
        synthetic_volume(tmp_path / "v.nii.gz", seed)
        _receive(owner, ("v", (tmp_path / "v.nii.gz").read_bytes()))
        cases.read_waiting(owner)

    joined = cases.join_channels(owner, {"T1": "case-02", "FLAIR": "case-01"})

    pixels = owner.study(joined.id).pixels
    np.testing.assert_array_equal(pixels[joined.channels.index("T1")], owner.study("case-02").pixels[0])
    np.testing.assert_array_equal(pixels[joined.channels.index("FLAIR")], owner.study("case-01").pixels[0])
    with pytest.raises(GeometryError, match="two channels"):
        cases.join_channels(owner, {"T1": "case-01", "FLAIR": "case-01"})


@pytest.mark.parametrize("kind", [Kind.FILM, Kind.VOLUME])
def test_a_kept_file_is_ready_to_be_looked_at(owner: Workspace, kind: Kind) -> None:
    """Its picture is made with the case, so that opening it needs no pixels."""
    case = add_phantom(owner, kind)

    shown = pictures(owner, case.id)

    token, name = shown.image_url.split("/")[1:]
    assert picture_tokens.find(token, owner="owner-one", name=name) is not None
    assert shown.meta["kind"] == kind.value
    assert (shown.labels_url, shown.heat_url, shown.heat_for) == (None, None, None)


def test_the_case_table_names_no_file_and_the_map_does(owner: Workspace, tmp_path: Path) -> None:
    """One is for sharing, the other is the owner's own."""
    synthetic_film(tmp_path / "film.png", 1)
    _receive(owner, ("Mustermann.png", (tmp_path / "film.png").read_bytes()))
    cases.read_waiting(owner)

    (row,) = csv.DictReader(io.StringIO(cases.cases_csv(owner).decode()))

    assert (row["case"], row["kind"], row["size"]) == ("case-01", "film", "640 x 560")
    assert b"Mustermann" not in cases.cases_csv(owner)
    assert b"case-01,Mustermann.png" in cases.names_csv(owner)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_compute_is_escaped(cell: str) -> None:
    """A file may be called =cmd|' /C calc'!A0."""
    table = cases.table_csv(("a",), [(cell,), ("plain",)])

    rows = list(csv.reader(io.StringIO(table.decode(), newline="")))
    assert rows[1:] == [[f"'{cell}"], ["plain"]]


def series_zip(folder: Path, seed: int) -> bytes:
    """A zipped MR series; its grid is the same for every seed."""
    files = series(folder / str(seed), volume_pixels(seed=seed), StudyInstanceUID=STUDY_UID)
    return pack_files(folder / f"{seed}.zip", files).read_bytes()


@pytest.mark.parametrize("keep_uids", [False, True])
def test_a_dicom_series_keeps_the_copy_that_results_refer_to(tmp_path: Path, keep_uids: bool) -> None:
    """Under the names that were asked for; the uploaded bytes themselves are gone."""
    owner = Workspace("owner-with-a-series")
    cases.receive(owner, [("one.zip", io.BytesIO(series_zip(tmp_path, 0)))], keep_uids=keep_uids)

    cases.read_waiting(owner)

    copies = [dcmread(path) for path in owner.source_files("case-01")]
    assert len(copies) == owner.get_case("case-01").report.shape[2]
    assert {copy.StudyInstanceUID == STUDY_UID for copy in copies} == {keep_uids}
    assert not list(owner.folder.glob(".*.source"))
    owner.remove_case("case-01")
    assert not list(owner.folder.rglob("*.dcm"))


def test_joined_channels_refer_to_the_first_ones_series(tmp_path: Path) -> None:
    """The grid of the joined study is the first channel's, and it outlives the single case."""
    owner = Workspace("owner-of-two-series")
    cases.receive(owner, [(f"{seed}.zip", io.BytesIO(series_zip(tmp_path, seed))) for seed in (0, 1)])
    cases.read_waiting(owner)

    joined = cases.join_channels(owner, {"T1": "case-02", "FLAIR": "case-01"})
    owner.remove_case("case-02")

    copies = [dcmread(path) for path in owner.source_files(joined.id)]
    first = dcmread(owner.source_files("case-01")[0])
    assert len(copies) == joined.report.shape[2]
    assert {copy.StudyInstanceUID for copy in copies} == {first.StudyInstanceUID}
    assert first.SeriesInstanceUID not in {copy.SeriesInstanceUID for copy in copies}


def test_other_files_keep_no_copy(tmp_path: Path) -> None:
    """There is nothing for a DICOM result to refer to."""
    owner = Workspace("owner-of-a-sample")

    add_phantom(owner, Kind.VOLUME)

    assert owner.source_files("case-01") == []
