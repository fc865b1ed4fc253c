"""Where a NIfTI volume lies."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from core.errors import GeometryError
from core.studies import Study, read_study
from tests.studies.builders import nifti

BLOCK = np.zeros((5, 6, 7), np.int16)


def _write(path: Path, sform: np.ndarray | None, qform: np.ndarray | None, **fields: object) -> Study:
    image = nib.Nifti1Image(BLOCK, None)
    if qform is not None:
        image.set_qform(qform, 1)
    if sform is not None:
        image.set_sform(sform, 1)
    for field, value in fields.items():
        image.header[field] = value
    nib.save(image, path)
    return read_study([path])


def test_sform_is_taken_before_qform_and_a_gap_is_warned_about(tmp_path: Path) -> None:
    """Tools disagree on the priority, so the same file lies in two places in two viewers."""
    moved = np.diag([2.0, 2, 2, 1])
    moved[0, 3] = 20

    study = _write(tmp_path / "a.nii", moved, np.diag([2.0, 2, 2, 1]))

    assert study.geometry.affine is not None
    assert study.geometry.affine[0, 3] == 20
    assert "20.0 mm apart; the sform was taken" in study.report.warnings[0]


def test_equal_forms_are_not_doubted(tmp_path: Path) -> None:
    """Quaternions round: a warning on every file would be read on none."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]

    assert _write(tmp_path / "a.nii", turn, turn).report.warnings == ()


def test_qform_alone_is_enough(tmp_path: Path) -> None:
    """Scanners' converters often write only it."""
    assert _write(tmp_path / "a.nii", None, np.diag([-2.0, -2, 3, 1])).geometry.orientation == "LPS"


def test_no_form_is_a_warning_and_no_letters(tmp_path: Path) -> None:
    """Left and right must not be invented."""
    study = _write(tmp_path / "a.nii", None, None, pixdim=[1, 2, 3, 4, 0, 0, 0, 0])

    assert study.geometry.orientation is None
    assert study.geometry.spacing_mm == (2.0, 3.0, 4.0)
    assert "left and right are unknown" in study.report.warnings[0]


def test_size_of_zero_is_refused(tmp_path: Path) -> None:
    """Readers put 1 in its place, and every volume in mL is wrong."""
    with pytest.raises(GeometryError, match="2 x 2 x 0 mm"):
        _write(tmp_path / "a.nii", None, None, pixdim=[1, 2, 2, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("size", [1e30, 1e-9])
def test_size_out_of_this_world_is_refused(tmp_path: Path, size: float) -> None:
    """A flipped bit in an exponent; the letters of such an axis are undefined."""
    with pytest.raises(GeometryError, match="voxel size"):
        _write(tmp_path / "a.nii", np.diag([size, 1.0, 1.0, 1.0]), None)


def test_sheared_axes_are_refused_and_rounding_is_not(tmp_path: Path) -> None:
    """A sheared grid is no box; a hundredth of a degree is how numbers are stored."""
    sheared, rounded = np.eye(4), np.eye(4)
    sheared[0, 2], rounded[0, 2] = 0.2, 0.0002

    with pytest.raises(GeometryError, match=r"11.3 degrees away from a right angle"):
        _write(tmp_path / "a.nii", sheared, None)
    assert _write(tmp_path / "b.nii", rounded, None).geometry.orientation == "RAS"


def test_metres_and_micrometres_become_millimetres(tmp_path: Path) -> None:
    """The unit code is rarely used and rarely read; a volume in mL then is off by a thousand million."""
    path = nifti(tmp_path / "a.nii", BLOCK, np.diag([0.001, 0.002, 0.003, 1.0]))
    content = bytearray(path.read_bytes())
    content[123] = 1
    path.write_bytes(content)

    study = read_study([path])

    assert study.geometry.spacing_mm == (1.0, 2.0, 3.0)
    assert "lengths were converted to millimetres" in study.report.changed
