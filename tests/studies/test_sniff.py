"""Formats are told by content."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from core.errors import DamagedFile
from core.studies.sniff import Format, refuse_unknown, sniff
from core.studies.sources import Source
from tests.studies.builders import dicom, film_pixels, nifti, pack, picture


def _source(path: Path) -> Source:
    return Source("file-01", path)


def test_each_format_is_found_under_a_misleading_name(tmp_path: Path) -> None:
    """PACS exports have no ending and users rename; the bytes decide."""
    grey = film_pixels(20, 20).astype(np.uint8)
    made = {
        Format.PNG: picture(tmp_path / "a.png", grey).rename(tmp_path / "a.dcm"),
        Format.JPEG: picture(tmp_path / "b.jpg", grey).rename(tmp_path / "b.nii"),
        Format.TIFF: picture(tmp_path / "t.tif", grey).rename(tmp_path / "t.png"),
        Format.BMP: picture(tmp_path / "m.bmp", grey).rename(tmp_path / "m.jpg"),
        Format.WEBP: picture(tmp_path / "w.webp", grey).rename(tmp_path / "w"),
        Format.DICOM: dicom(tmp_path / "c.png", film_pixels()),
        Format.NIFTI: nifti(tmp_path / "d.nii", np.zeros((3, 3, 3), np.int16)).rename(tmp_path / "d"),
        Format.NIFTI_GZ: nifti(tmp_path / "e.nii.gz", np.zeros((3, 3, 3), np.int16)).rename(tmp_path / "e.zip"),
        Format.ZIP: pack(tmp_path / "f.dcm", [("x", b"y")]),
    }

    assert {form: sniff(_source(path)) for form, path in made.items()} == {form: form for form in made}


def test_dicom_that_begins_as_a_tiff_is_dicom(tmp_path: Path) -> None:
    """The preamble is free, and archives for microscopes write a TIFF header into it."""
    path = dicom(tmp_path / "x", film_pixels())
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])

    assert sniff(_source(path)) is Format.DICOM


def test_data_set_without_preamble_is_dicom(tmp_path: Path) -> None:
    """Old archives write the bare data set."""
    path = dicom(tmp_path / "whole.dcm", film_pixels())
    bare = tmp_path / "bare"
    content = path.read_bytes()
    meta_length = int.from_bytes(content[140:144], "little")
    bare.write_bytes(content[144 + meta_length :])

    assert sniff(_source(bare)) is Format.DICOM


def test_empty_file_is_refused(tmp_path: Path) -> None:
    """An upload that was cut off at once must not look like an unknown format."""
    path = tmp_path / "x"
    path.touch()

    with pytest.raises(DamagedFile, match="file-01 is empty"):
        sniff(_source(path))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"GIF89a....", "GIF"),
        (b"BM is how this note begins\n", "text"),
        (b"%PDF-1.7", "PDF"),
        (b"\x93NUMPY", "NumPy"),
        (b"\x80\x04\x95", "pickle"),
        (b"hello\n", "text"),
        (gzip.compress(b"hello"), "gzip"),
        (b"\x5c\x01\0\0" + bytes(400), "Analyze"),
        (bytes([3, 200, 7, 255]) * 8, "do not know"),
    ],
)
def test_refusal_names_what_the_file_is(tmp_path: Path, content: bytes, word: str) -> None:
    """Told 'a PDF document', a user knows at once what went wrong."""
    path = tmp_path / "x"
    path.write_bytes(content)

    assert sniff(_source(path)) is Format.OTHER
    assert word in refuse_unknown(_source(path)).found
