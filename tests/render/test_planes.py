"""Exports show a head the same way round as the screen, however it was stored."""

from __future__ import annotations

import numpy as np
import pytest

from core.render.planes import PLANES, film_plane, greys, point_of_interest, volume_plane
from core.studies.study import Window
from tests.render.builders import all_axis_codes, film, head, stored_as, volume


@pytest.mark.parametrize("codes", all_axis_codes())
def test_patient_right_is_at_the_left_of_the_axial_plane(codes):
    """The bright mark lies at the patient's left front: upper right of an axial picture seen from the feet."""
    pixels, affine = head()
    array, stored_affine = stored_as(pixels, affine, codes)
    study = volume(array, stored_affine)

    seen = volume_plane(study, "axial", (5, 22, 13)).cut(array)

    rows, columns = np.nonzero(seen == 1000)
    assert rows.max() < seen.shape[0] / 2
    assert columns.min() > seen.shape[1] / 2


def test_planes_agree_with_plain_indexing():
    """A slow second implementation: each pixel looked up by hand."""
    pixels, affine = head()
    study = volume(pixels, affine)
    nx, ny, nz = pixels.shape
    x0, y0, z0 = 7, 11, 5
    oracle = {
        "axial": [[pixels[nx - 1 - c, ny - 1 - r, z0] for c in range(nx)] for r in range(ny)],
        "coronal": [[pixels[nx - 1 - c, y0, nz - 1 - r] for c in range(nx)] for r in range(nz)],
        "sagittal": [[pixels[x0, ny - 1 - c, nz - 1 - r] for c in range(ny)] for r in range(nz)],
    }

    for name in PLANES:
        plane = volume_plane(study, name, (x0, y0, z0))
        np.testing.assert_array_equal(plane.cut(pixels), oracle[name])
    assert volume_plane(study, "sagittal", (x0, y0, z0)).mm == (3.0, 2.0)


def test_point_of_interest_is_on_the_largest_slice_and_inside_the_label():
    """The export shows the lesion where it is largest; a ring's middle is not lesion, so a voxel of it is taken."""
    labels = np.zeros((9, 9, 5), np.uint8)
    labels[4, 4, 1] = 1
    labels[2:7, 2:7, 3] = 1
    labels[3:6, 3:6, 3] = 0

    x, y, z = point_of_interest(volume(labels, np.eye(4)), labels)

    assert z == 3
    assert labels[x, y, z] == 1


def test_nothing_marked_shows_the_middle():
    """An empty answer is still a picture."""
    assert point_of_interest(volume(np.zeros((4, 6, 8)), np.eye(4)), np.zeros((4, 6, 8), np.uint8)) == (2, 3, 4)


def test_film_is_cut_as_it_is_stored():
    """Films are never turned or mirrored."""
    pixels = np.arange(6.0).reshape(2, 3)

    np.testing.assert_array_equal(film_plane(film(pixels)).cut(pixels), pixels)


def test_greys_clip_at_the_window():
    """Low and below is black, high and above white, the middle 128 by rounding half to even."""
    np.testing.assert_array_equal(
        greys(np.array([[-5.0, 0, 50, 100, 999]]), Window(0, 100, "header")), [[0, 0, 128, 255, 255]]
    )
