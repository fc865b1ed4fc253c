"""Pictures packed by us, read by others."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from core.render.png import png_bytes


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (640, 480)])
def test_two_other_readers_see_the_same_pixels(shape: tuple[int, int]) -> None:
    """Every byte, first line and wrapped differences included; of a slice that is not contiguous too."""
    picture = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)

    for drawn in (picture, picture[::-1, ::-1]):
        packed = png_bytes(drawn)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(packed))), drawn)
        assert np.array_equal(imagecodecs.png_decode(packed), drawn)


def test_texts_are_kept_in_any_script() -> None:
    """A case id may hold anything."""
    texts = {"Title": "Fall 7 · 頭", "Disclaimer": "Research use only."}

    with Image.open(io.BytesIO(png_bytes(np.zeros((2, 3, 3), np.uint8), texts))) as read:
        read.load()
        assert read.text == texts


def test_a_damaged_file_is_noticed() -> None:
    """The check sums are right, or a reader would refuse the undamaged file too."""
    packed = bytearray(png_bytes(np.zeros((20, 30, 3), np.uint8)))
    packed[-20] ^= 1

    with pytest.raises((OSError, SyntaxError)):
        Image.open(io.BytesIO(packed)).load()


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 5), np.uint8), np.zeros((4, 5, 4), np.uint8), np.zeros((4, 5, 3)), np.zeros((0, 5, 3), np.uint8)],
)
def test_what_is_no_rgb_picture_is_refused(picture: np.ndarray) -> None:
    """Four channels under a header of three would be a broken file."""
    with pytest.raises(ValueError, match="RGB picture"):
        png_bytes(picture)
