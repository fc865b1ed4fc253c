"""Fifty identifiers planted wherever a file has room for words, and looked for in all that a full run leaves.

Through the page (Streamlit's own harness) and through the command line: outputs, log, addresses, page text, and every
file that is left on disk. Left aside are what the owner typed and the map of file names, which is the owner's own.
"""

from __future__ import annotations

import gzip
import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from core.cli import app as command_line
from core.models.catalog import get_model
from core.workflows import cases, result_view
from core.workflows.run_prediction import find_figures
from core.workspace import Workspace
from tests.pages.conftest import ended
from tests.pages.tiny_shelf import CHEST, HIPPOCAMPUS
from tests.studies.builders import dicom, film_pixels, series

UID_ROOT = "1.3.6.1.4.1.99999."

TEXTS = {
    "PatientName": "Planted^01", "PatientID": "PLANTED-02", "OtherPatientIDs": "PLANTED-03",
    "PatientComments": "planted-04 comment", "PatientAddress": "planted-05 street",
    "PatientMotherBirthName": "Planted^06", "EthnicGroup": "planted-07", "Occupation": "planted-08",
    "AdditionalPatientHistory": "planted-09", "ReferringPhysicianName": "Planted^10", "OperatorsName": "Planted^11",
    "PerformingPhysicianName": "Planted^12", "InstitutionName": "PLANTED-13",
    "InstitutionAddress": "planted-14", "StationName": "PLANTED-15",
    "AccessionNumber": "PLANTED-16", "StudyID": "PLANTED-17", "StudyDescription": "planted-18 study",
    "SeriesDescription": "planted-19 series", "ProtocolName": "planted-20 protocol", "ImageComments": "planted-21",
    "DeviceSerialNumber": "PLANTED-22", "Manufacturer": "planted-23", "ManufacturerModelName": "planted-24",
    "SoftwareVersions": "planted-25", "BodyPartExamined": "PLANTED_26", "ScanningSequence": "PLANTED_27",
    "SequenceName": "planted-28", "PatientBirthDate": "19310213", "StudyDate": "19321114",
    "AcquisitionDateTime": "19331215030405", "IssuerOfPatientID": "PLANTED-32",
}  # fmt: skip
"""32 attributes of a header; of the dates the digits are looked for."""
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "StorageMediaFileSetUID")
NESTED, DEEP, PRIVATE, PRIVATE_CREATOR, META = ("planted-37", "planted-38", "planted-39", "PLANTED-40", "PLANTED-41")
MEMBER, FOLDER, COMMENT, MEMBER_COMMENT, FILE = ("planted-42", "planted-43", "planted-44", "planted-45", "planted-46")
DESCRIP, EXTENSION, PNG_TEXT, EXIF_TEXT = ("planted-47", "planted-48", "planted-49", "planted-50")

NEEDLES = (
    *(text.split()[0] for text in TEXTS.values()),
    *(f"{UID_ROOT}{number}" for number in range(33, 37)),
    *(NESTED, DEEP, PRIVATE, PRIVATE_CREATOR, META),
    *(MEMBER, FOLDER, COMMENT, MEMBER_COMMENT, FILE),
    *(DESCRIP, EXTENSION, PNG_TEXT, EXIF_TEXT),
)


def planted_series(folder: Path) -> list[Path]:
    """A series of slices with 41 identifiers in each file."""
    tags = {**TEXTS, **{keyword: f"{UID_ROOT}{number}" for number, keyword in enumerate(UIDS, start=33)}}
    pixels = np.random.default_rng(0).integers(0, 900, (18, 20, 22)).astype(np.int16)
    files = series(folder, pixels, **tags)
    for path in files:
        one = dcmread(path)
        inner, outer = Dataset(), Dataset()
        inner.PatientName = DEEP
        outer.RequestingPhysician = NESTED
        outer.ReferencedPatientSequence = [inner]
        one.RequestAttributesSequence = [outer]
        one.private_block(0x0029, PRIVATE_CREATOR, create=True).add_new(0x10, "LO", PRIVATE)
        one.file_meta.SourceApplicationEntityTitle = META
        one.save_as(path)
    return files


def planted_zip(folder: Path) -> bytes:
    """The series as an archive with words in its names and comments."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.comment = COMMENT.encode()
        for number, path in enumerate(planted_series(folder / "series")):
            member = zipfile.ZipInfo(f"{FOLDER}/{MEMBER}-{number}.dcm")
            member.comment = MEMBER_COMMENT.encode()
            bundle.writestr(member, path.read_bytes())
    return out.getvalue()


def planted_nifti() -> bytes:
    """A volume with words in its header and in an extension."""
    image = nib.Nifti1Image(np.random.default_rng(1).integers(0, 900, (20, 22, 18)).astype(np.int16), np.eye(4))
    image.header["descrip"] = DESCRIP.encode()
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", EXTENSION.encode()))
    return gzip.compress(image.to_bytes())


def planted_png() -> bytes:
    """A picture with words in a text chunk and in EXIF."""
    words, exif, out = PngImagePlugin.PngInfo(), Image.Exif(), io.BytesIO()
    words.add_text("Patient", PNG_TEXT)
    exif[0x010E] = EXIF_TEXT
    Image.fromarray((film_pixels() >> 4).astype(np.uint8)).save(out, "PNG", pnginfo=words, exif=exif)
    return out.getvalue()


def planted_film(folder: Path) -> bytes:
    """A film with the same words in its header."""
    return dicom(folder / "film", film_pixels(), **TEXTS, SOPInstanceUID=generate_uid()).read_bytes()


def found_in(content: bytes) -> set[str]:
    """The identifiers in some bytes: as they are, in text of two bytes a letter, and inside gzip and zip."""
    found = {
        needle
        for needle in NEEDLES
        if any(form in content for form in (needle.encode(), needle.lower().encode(), needle.encode("utf-16-le")))
    }
    if content[:2] == b"\x1f\x8b":
        found |= found_in(gzip.decompress(content))
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            for member in bundle.infolist():
                found |= found_in(member.filename.encode() + member.comment + bundle.comment)
                found |= found_in(bundle.read(member))
    return found


def files_under(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with its name, which may hold an identifier too."""
    for folder in folders:
        for path in folder.rglob("*"):
            yield str(path.relative_to(folder)), path.read_bytes() if path.is_file() else b""


def page_text(page: AppTest) -> str:
    """All that the server sends for a page: every element's whole message, and the address."""
    messages = [str(node.proto) for node in page.main] + [str(node.proto) for node in page.sidebar]
    return "\n".join((*messages, str(dict(page.query_params))))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while the test runs, so that what is left can be looked through."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_fifty_are_planted(tmp_path: Path) -> None:
    """The search is worth something only if it finds them in what goes in."""
    brought = (planted_zip(tmp_path), planted_nifti(), planted_png(), planted_film(tmp_path))

    assert len(set(NEEDLES)) == 50
    found = set().union(*map(found_in, brought)) | {FILE}
    assert found == set(NEEDLES)


@pytest.mark.seeds(50)
def test_none_is_found_after_a_full_run_through_the_page(
    open_app: Callable[..., AppTest],
    workspace: Workspace,
    home: Path,
    tmp_path: Path,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Upload, run, look, take every file away: the promise of SAFETY row 4."""
    caplog.set_level(logging.DEBUG)
    page = open_app()
    brought = [
        (f"{FILE}.zip", planted_zip(tmp_path)),
        (f"{FILE}.nii.gz", planted_nifti()),
        (f"{FILE}.png", planted_png()),
        (f"{FILE}.dcm", planted_film(tmp_path)),
    ]
    caplog.clear()  # planting is told in the log too
    page.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in brought])
    page.run()
    page.run()
    seen, made = [page_text(page)], [cases.cases_csv(workspace)]
    held = workspace.cases()
    assert sorted(case.kind.value for case in held) == ["film", "film", "volume", "volume"]

    for case in held:
        model = get_model(CHEST if case.kind.value == "film" else HIPPOCAMPUS)
        page = open_app("predict", model=model.id, case=case.id)
        page.button(key="run").click().run()
        ended(workspace)
        page.run()
        seen.append(page_text(page))
        found = find_figures(workspace, case, model)
        assert found is not None
        offered = result_view.downloads(workspace, case, model, found)
        made += [result_view.download(workspace, case, model, None, output) for output in offered]
        made.append(result_view.results_csv(result_view.results_table(workspace, held, model, None), model))

    assert sum(content[:2] == b"PK" for content in made) == 1  # the DICOM SEG of the series
    left = [(name, content) for name, content in files_under(home, temporary) if not name.endswith("names.json")]
    for words in (*seen, caplog.text, *(name for name, _ in left)):
        assert found_in(words.encode()) == set()
    for content in (*made, *(content for _, content in left)):
        assert found_in(content) == set()


@pytest.mark.parametrize("keep_uids", [False, True])
def test_none_is_found_after_a_full_run_of_the_command(
    workspace: Workspace,
    home: Path,
    tmp_path: Path,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
    keep_uids: bool,
) -> None:
    """The same from a terminal; with kept UIDs those, as asked, and nothing else."""
    caplog.set_level(logging.DEBUG)
    brought, out = tmp_path / "brought", tmp_path / "out"
    brought.mkdir()
    (brought / "one.zip").write_bytes(planted_zip(tmp_path))
    (brought / "two.nii.gz").write_bytes(planted_nifti())
    (brought / "three.png").write_bytes(planted_png())
    (brought / "four.dcm").write_bytes(planted_film(tmp_path))

    caplog.clear()  # planting is told in the log too
    said = []
    for model, names in ((HIPPOCAMPUS, ("one.zip", "two.nii.gz")), (CHEST, ("three.png", "four.dcm"))):
        typed = ["predict", "--model", model, *(str(brought / name) for name in names), "--out", str(out / model)]
        typed += ["--csv", str(out / f"{model}.csv"), "--seg", *(["--keep-uids"] if keep_uids else [])]
        for more in ([], ["--json", "--force"]):
            done = CliRunner().invoke(command_line, [*typed, *more])
            assert done.exit_code == 0, done.stderr
            said += [done.stdout, done.stderr]
        said.append(CliRunner().invoke(command_line, ["inspect", *(str(brought / name) for name in names)]).stdout)

    allowed = {f"{UID_ROOT}{number}" for number in (33, 34, 35)} if keep_uids else set()
    archive = out / HIPPOCAMPUS / "case-01_seg.zip"
    assert found_in(archive.read_bytes()) == allowed
    assert {path.name for path in (out / CHEST).iterdir()} == {
        f"case-0{number}_{end}" for number in (1, 2) for end in ("result.json", "overlay.png")
    }
    for words in (*said, caplog.text):
        assert found_in(words.encode()) == set()
    for name, content in files_under(home, temporary, out):
        if not name.endswith("seg.zip"):
            assert found_in(name.encode() + content) == set(), name
