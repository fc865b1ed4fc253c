"""Spacing, shear and letters of an affine."""

from __future__ import annotations

import numpy as np
import pytest

from core.studies.geometry import oblique_warnings, shear_deg, spacing_of, volume_geometry


def _turn(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return affine


def test_spacing_is_the_length_of_the_columns() -> None:
    """It must hold for a turned volume too, where no element of the matrix is the spacing."""
    assert spacing_of(_turn(30) @ np.diag([2.0, 3.0, 4.5, 1.0])) == (2.0, 3.0, 4.5)


def test_float32_noise_is_not_shown_as_spacing() -> None:
    """2.2 stored as float32 comes back as 2.2000000477; a user should read 2.2."""
    assert spacing_of(np.diag([np.float32(2.2), 2, 2, 1]).astype(float))[0] == 2.2


def test_shear_is_the_departure_from_a_right_angle() -> None:
    """Closed form: leaning k by 10 degrees gives 10."""
    affine = np.eye(4)
    affine[0, 2] = np.tan(np.radians(10))

    assert shear_deg(affine) == pytest.approx(10)
    assert shear_deg(_turn(33)) == pytest.approx(0, abs=1e-6)


def test_oblique_angle_and_letters_follow_the_nearest_axes() -> None:
    """Turned by 20 degrees the axes keep their letters; past 45 they swap."""
    near, far = volume_geometry(_turn(20)), volume_geometry(_turn(70))

    assert (near.orientation, near.oblique_deg) == ("RAS", pytest.approx(20))
    assert far.orientation == "ALS"


def test_warning_only_where_letters_mean_little() -> None:
    """At 43 degrees left is nearly front; at 20 everybody reads the picture right."""
    assert oblique_warnings(volume_geometry(_turn(43)))
    assert not oblique_warnings(volume_geometry(_turn(20)))


def test_unknown_orientation_keeps_the_spacing_alone() -> None:
    """No letters may be invented from a matrix that nobody wrote."""
    geometry = volume_geometry(np.diag([2.0, 3.0, 4.0, 1.0]), known=False)

    assert geometry.orientation is None
    assert geometry.spacing_mm == (2.0, 3.0, 4.0)
