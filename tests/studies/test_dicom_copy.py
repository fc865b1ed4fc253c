"""The de-identified copy of a series: what is kept, under which names, and that its pixels are the series' own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless, generate_uid

from core.studies import read_study
from core.studies.dicom_copy import deidentified, keeps_uids
from core.studies.pseudonyms import CopyTo, Pseudonyms
from tests.studies.builders import MR, series, volume_pixels

KEY = b"a key of this test"
FRAME, STUDY = generate_uid(), generate_uid()
TAGS = {"StudyInstanceUID": STUDY, "FrameOfReferenceUID": FRAME, "PatientName": "Doe^Jane", "StudyDate": "20200102"}


def copied(files: list[Path], folder: Path, *, keep_uids: bool = False) -> list[Dataset]:
    read_study(files, copy=CopyTo(folder, Pseudonyms(KEY, keep_uids)))
    return [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]


def test_copy_holds_the_same_pixels_in_the_order_of_the_slices(tmp_path: Path) -> None:
    """Who loads the copy below a segmentation must see what the model saw, slice for slice."""
    pixels = volume_pixels()
    files = series(tmp_path / "in", pixels, **TAGS)

    copies = copied(files[::-1], tmp_path / "out")

    assert [path.name for path in sorted((tmp_path / "out").iterdir())][:2] == ["0001.dcm", "0002.dcm"]
    np.testing.assert_array_equal(np.stack([copy.pixel_array for copy in copies]), pixels)
    again = read_study(sorted((tmp_path / "out").glob("*.dcm")))
    np.testing.assert_array_equal(again.geometry.affine, read_study(files).geometry.affine)


def test_compressed_pixels_come_out_uncompressed(tmp_path: Path) -> None:
    """A compressed stream has room for comments, which nobody would look into."""
    pixels = volume_pixels()
    files = series(tmp_path / "in", pixels, **TAGS)
    for path in files:
        one = pydicom.dcmread(path)
        one.compress(RLELossless)
        one.save_as(path)

    copies = copied(files, tmp_path / "out")

    assert not any(copy.file_meta.TransferSyntaxUID.is_compressed for copy in copies)
    np.testing.assert_array_equal(np.stack([copy.pixel_array for copy in copies]), pixels)


def test_bits_beyond_those_stored_are_cleared(tmp_path: Path) -> None:
    """Old scanners kept overlays with writing there."""
    pixels = volume_pixels().astype(np.uint16)
    files = series(tmp_path / "in", pixels | 0x8000, **TAGS, BitsStored=12, HighBit=11)

    copies = copied(files, tmp_path / "out")

    raw = np.stack([np.frombuffer(copy.PixelData, "<u2").reshape(copy.Rows, -1) for copy in copies])
    np.testing.assert_array_equal(raw, pixels)


def test_it_says_that_the_identity_was_removed_and_how(tmp_path: Path) -> None:
    """(0012,0062) and (0012,0064) are how another system knows."""
    copies = copied(series(tmp_path / "in", volume_pixels(), **TAGS), tmp_path / "out")

    for copy in copies:
        assert copy.PatientIdentityRemoved == "YES"
        assert [item.CodeValue for item in copy.DeidentificationMethodCodeSequence] == ["113100"]
        assert copy.LongitudinalTemporalInformationModified == "REMOVED"
        assert not copy.StudyDate
        assert not copy.PatientName
        assert not keeps_uids(copy)


def test_uids_are_new_and_agree_within_a_study(tmp_path: Path) -> None:
    """Two series of one study must still be one study, in one frame of reference, of one patient."""
    first = copied(series(tmp_path / "a", volume_pixels(), **TAGS), tmp_path / "a-out")
    second = copied(series(tmp_path / "b", volume_pixels(seed=1), **TAGS), tmp_path / "b-out")

    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert {copy[keyword].value for copy in (*first, *second)} == {first[0][keyword].value}
    assert first[0].StudyInstanceUID != STUDY
    assert first[0].SeriesInstanceUID != second[0].SeriesInstanceUID
    assert len({copy.SOPInstanceUID for copy in (*first, *second)}) == len(first) + len(second)
    assert all(copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID for copy in first)


def test_another_key_gives_other_names() -> None:
    """Without the key nobody can tell that two exports are of one study."""
    assert Pseudonyms(b"one").uid(STUDY) != Pseudonyms(b"two").uid(STUDY)
    assert Pseudonyms(b"one").patient("Doe") != Pseudonyms(b"two").patient("Doe")


def test_kept_uids_come_without_pixels_and_are_told(tmp_path: Path) -> None:
    """A changed picture under the hospital's own UID must not be about."""
    files = series(tmp_path / "in", volume_pixels(), **TAGS)

    copies = copied(files, tmp_path / "out", keep_uids=True)

    assert [copy.SOPInstanceUID for copy in copies] == [pydicom.dcmread(path).SOPInstanceUID for path in files]
    assert copies[0].FrameOfReferenceUID == FRAME
    assert all(keeps_uids(copy) and "PixelData" not in copy for copy in copies)
    assert [item.CodeValue for item in copies[0].DeidentificationMethodCodeSequence] == ["113100", "113110"]
    assert not copies[0].PatientName


def test_kept_uids_are_not_listed_as_removed(tmp_path: Path) -> None:
    """The list of what was removed must be true."""
    files = series(tmp_path / "in", volume_pixels(), **TAGS)

    report = read_study(files, copy=CopyTo(tmp_path / "out", Pseudonyms(KEY, keep_uids=True))).report

    assert "StudyInstanceUID" not in report.identifiers_removed
    assert {"PatientName", "StudyDate"} <= set(report.identifiers_removed)
    assert any("original UIDs were kept" in line for line in report.changed)


@pytest.mark.parametrize(
    ("keyword", "value", "kept"),
    [
        ("RepetitionTime", 2000.0, True),
        ("ScanningSequence", "GR", True),
        ("ScanningSequence", "DOE JANE", False),
        ("BodyPartExamined", "BRAIN", True),
        ("BodyPartExamined", "DOE JANE", False),
        ("SeriesDescription", "T1 of Jane Doe", False),
        ("Manufacturer", "Doe", False),
        ("Manufacturer", "SIEMENS", True),
        ("Manufacturer", "SIEMENS of Dr Doe", False),
        ("AcquisitionDateTime", "20200102030405", False),
        ("PatientWeight", 70.0, False),
        ("PatientAge", "070Y", False),
        ("DeviceSerialNumber", "4711", False),
        ("ReferencedStudySequence", [Dataset()], False),
    ],
)
def test_only_the_allow_list_is_kept(keyword: str, value: object, kept: bool) -> None:
    """What nobody thought of is left out, not kept."""
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID, header.SeriesInstanceUID = MR, generate_uid(), generate_uid()
    setattr(header, keyword, value)

    copy = deidentified(header, Pseudonyms(KEY), "file")

    assert (copy.get(keyword) == value) is kept


def test_private_and_nested_attributes_are_left_out(tmp_path: Path) -> None:
    """Private parts are where makers repeat the patient."""
    files = series(tmp_path / "in", volume_pixels(), **TAGS)
    for path in files:
        one = pydicom.dcmread(path)
        one.private_block(0x0029, "MAKER", create=True).add_new(0x01, "LO", "PLANTED")
        item = Dataset()
        item.PatientName = "PLANTED^Nested"
        one.RequestAttributesSequence = [item]
        one.save_as(path)

    copied(files, tmp_path / "out")

    assert not any(b"PLANTED" in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_nothing_is_written_for_a_film_or_without_being_asked(tmp_path: Path) -> None:
    """Only a segmentation needs the copy."""
    files = series(tmp_path / "in", volume_pixels(), **TAGS)

    read_study(files)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="the validator of Debian's dicom3tools is not installed")
def test_a_validator_finds_no_error_that_the_original_had_not(tmp_path: Path) -> None:
    """An archive may refuse an object that lacks what its kind must have."""
    files = series(tmp_path / "in", volume_pixels(), **TAGS, SeriesNumber=None, Manufacturer="A maker")

    copied(files, tmp_path / "out")

    assert _errors(tmp_path / "out" / "0001.dcm") <= _errors(files[0])


def _errors(path: Path) -> set[str]:
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return {line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")}
