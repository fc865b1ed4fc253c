"""Whether slices make a box: each refusal with its nearest acceptance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from core.errors import GeometryError
from core.studies import read_study
from tests.studies.builders import series, volume_pixels


def _move(file: Path, shift: tuple[float, float, float]) -> None:
    dataset = dcmread(file)
    dataset.ImagePositionPatient = [float(a) + b for a, b in zip(dataset.ImagePositionPatient, shift, strict=True)]
    dataset.save_as(file)


def test_missing_slice_is_refused_naming_its_place(tmp_path: Path) -> None:
    """A volume with a gap shifts every measurement behind it."""
    files = series(tmp_path, volume_pixels())
    del files[3]

    with pytest.raises(GeometryError, match=r"Slice 4 is missing .* z = 34.00 mm and z = 38.00 mm, .* 2.00 mm"):
        read_study(files)


def test_several_missing_slices_are_counted(tmp_path: Path) -> None:
    """The user must know how much to look for."""
    files = series(tmp_path, volume_pixels(9))
    del files[3:5]

    with pytest.raises(GeometryError, match="Slices 4 to 5 are missing"):
        read_study(files)


def test_uneven_steps_are_refused_with_the_range(tmp_path: Path) -> None:
    """An uneven stack measures lengths wrongly."""
    files = series(tmp_path, volume_pixels())
    _move(files[5], (0, 0, 0.7))

    with pytest.raises(GeometryError, match=r"vary from 2.00 to 2.70 mm"):
        read_study(files)


def test_jitter_below_tolerance_is_accepted(tmp_path: Path) -> None:
    """Positions are written with two or three decimals; rounding is no fault."""
    files = series(tmp_path, volume_pixels())
    _move(files[2], (0, 0, 0.02))

    assert read_study(files).shape == (10, 12, 6)


def test_leaning_stack_is_refused_with_its_angle(tmp_path: Path) -> None:
    """A tilted gantry: atan(0.5 / 2) is 14 degrees."""
    with pytest.raises(GeometryError, match=r"up to 2.50 mm: the stack leans by 14.0 degrees"):
        read_study(series(tmp_path, volume_pixels(), step=(0, 0.5, 2)))


def test_lean_of_rounding_is_accepted(tmp_path: Path) -> None:
    """A hundredth of a millimetre sideways is how headers round."""
    assert read_study(series(tmp_path, volume_pixels(), step=(0, 0.01, 2))).geometry.orientation == "LPS"


def test_slices_of_two_sizes_are_refused(tmp_path: Path) -> None:
    """They cannot lie on one grid."""
    files = series(tmp_path / "a", volume_pixels(4), SeriesInstanceUID="1.2.3")
    files += series(tmp_path / "b", volume_pixels(2, 14, 10), origin=(-10, -20, 38), SeriesInstanceUID="1.2.3")

    with pytest.raises(GeometryError, match="4 of 10 x 12 and 2 of 10 x 14 pixels"):
        read_study(files)


def test_slices_of_two_directions_are_refused(tmp_path: Path) -> None:
    """A scout in three planes is one series and no volume."""
    files = series(tmp_path / "a", volume_pixels(3), SeriesInstanceUID="1.2.3")
    files += series(tmp_path / "b", volume_pixels(3), orientation=(0, 1, 0, 0, 0, -1), SeriesInstanceUID="1.2.3")

    with pytest.raises(GeometryError, match=r"turned against each other by up to 90.0 degrees"):
        read_study(files)


def test_slices_of_two_scales_are_refused(tmp_path: Path) -> None:
    """Their pixels do not lie over each other."""
    files = series(tmp_path, volume_pixels())
    dataset = dcmread(files[1])
    dataset.PixelSpacing = [1.5, 0.8]
    dataset.save_as(files[1])

    with pytest.raises(GeometryError, match=r"1.5 x 0.75 to 1.5 x 0.8"):
        read_study(files)


@pytest.mark.parametrize("missing", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_slices_without_a_place_are_refused(tmp_path: Path, missing: str) -> None:
    """Order, size and side would be guesses."""
    files = series(tmp_path, volume_pixels())
    for file in files:
        dataset = dcmread(file)
        delattr(dataset, missing)
        dataset.save_as(file)

    with pytest.raises(GeometryError, match="does not"):
        read_study(files)


def test_directions_that_are_no_right_angle_are_refused(tmp_path: Path) -> None:
    """Broken cosines would put the head anywhere."""
    with pytest.raises(GeometryError, match="no right angle"):
        read_study(series(tmp_path, volume_pixels(), orientation=(1, 0, 0, 0.7, 0.7, 0)))


def test_far_origin_does_not_spoil_the_order(tmp_path: Path) -> None:
    """Rounded cosines times a long lever once moved slices by more than a step."""
    turn = np.radians(30)
    row = tuple(round(value, 3) for value in (np.cos(turn), np.sin(turn), 0.0))
    column = (-row[1], row[0], 0.0)

    study = read_study(series(tmp_path, volume_pixels(), orientation=(*row, *column), origin=(5000.0, -7000.0, 9000.0)))

    assert study.geometry.spacing_mm == (0.75, 1.5, 2.0)
