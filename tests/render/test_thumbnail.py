"""Small pictures for a gallery."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.render.thumbnail import HEAT_FROM, thumbnail_png

from .builders import film, volume


def opened(png: bytes) -> np.ndarray:
    """The picture's pixels."""
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture)


def test_longer_side_has_the_size_asked_for_and_proportions_stay() -> None:
    """A stretched film looks like another patient."""
    made = opened(thumbnail_png(film(np.zeros((200, 100))), 64))

    assert made.shape == (64, 32, 3)


def test_heat_is_drawn_where_it_is_hot_and_nowhere_else() -> None:
    """Below three tenths of the peak there is nothing to look at."""
    grey = film(np.full((64, 64), 100.0))
    heat = np.zeros((64, 64), np.float32)
    heat[:32], heat[32:] = 1.0, HEAT_FROM

    plain, hot = opened(thumbnail_png(grey, 64)), opened(thumbnail_png(grey, 64, heat))

    assert np.array_equal(plain[40:], hot[40:])
    assert (hot[:24, :, 0] > hot[:24, :, 2]).all()


def test_volume_is_shown_in_its_middle_axial_slice() -> None:
    """Or where the heat is, if there is some."""
    pixels = np.zeros((16, 16, 9), np.float32)
    pixels[:, :, 4] = 1.0
    study = volume(pixels)
    heat = np.zeros((16, 16, 9), np.float32)
    heat[4:8, 4:8, 7] = 1.0

    assert opened(thumbnail_png(study, 32)).max() > 0
    assert opened(thumbnail_png(study, 32, heat)).max() > 0
    assert opened(thumbnail_png(study, 32, heat))[0, 0].max() == 0


@pytest.mark.parametrize("side", [16, 192])
def test_png_is_read_by_others(side: int) -> None:
    """It goes into a page as it is."""
    assert thumbnail_png(film(np.zeros((10, 10))), side).startswith(b"\x89PNG")
