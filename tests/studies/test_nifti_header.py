"""What a NIfTI header must say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from core.errors import DamagedFile, GeometryError, StudyError, UnsupportedFile
from core.studies import read_study
from tests.studies.builders import nifti


@pytest.mark.parametrize(
    ("values", "error", "word"),
    [
        (np.zeros((4, 4, 4), np.complex64), UnsupportedFile, "complex"),
        (np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), UnsupportedFile, "colours"),
        (np.zeros((4, 4, 4, 1, 3), np.int16), UnsupportedFile, "5 dimensions"),
        (np.zeros((4, 4, 1), np.int16), GeometryError, "single slice"),
        (np.zeros((4, 4), np.int16), GeometryError, "single slice"),
    ],
)
def test_what_is_no_grey_volume_is_refused_in_words(
    tmp_path: Path, values: Any, error: type[StudyError], word: str
) -> None:
    """Each of these opens in some viewer as something that it is not."""
    with pytest.raises(error, match=word):
        read_study([nifti(tmp_path / "a.nii", values)])


def test_free_text_of_the_header_is_listed_and_left_behind(tmp_path: Path) -> None:
    """Converters write names, sites and scanner notes there."""
    path = nifti(tmp_path / "a.nii", np.zeros((4, 4, 4), np.int16), descrip=b"DOE^JOHN", db_name=b"x", aux_file=b"")
    report = read_study([path]).report

    assert report.identifiers_removed == ("db_name", "descrip")
    assert "DOE" not in str(report.to_dict())


def test_header_extensions_are_listed(tmp_path: Path) -> None:
    """An extension can hold a whole DICOM header."""
    image = nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"DOE^JOHN"))
    nib.save(image, tmp_path / "a.nii.gz")

    assert read_study([tmp_path / "a.nii.gz"]).report.identifiers_removed == ("header extensions",)


@pytest.mark.parametrize("kept", [9, 40, 324])
def test_header_of_the_second_version_that_is_cut_is_damage(tmp_path: Path, kept: int) -> None:
    """Found by `make fuzz`: the library has an error of its own for it."""
    path = nifti(tmp_path / "a.nii", np.zeros((4, 4, 4), np.int16), kind=nib.Nifti2Image)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(DamagedFile, match="file-01 is a NIfTI file"):
        read_study([path])
