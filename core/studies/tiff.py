"""What only TIFF pictures have: layout tags beside the person's own, and grey scales that run from white to black.

Owns these rules; decoding is Pillow's, called in `raster`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from core.errors import UnsupportedFile

LAYOUT_TAGS: Final = frozenset({
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291,
    292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334, 338, 339, 340, 341, 347, 529, 530,
    531, 532, 34675,
})  # fmt: skip
"""Tags that say how the pixels lie in the file (TIFF 6.0, parts 1 to 3); every other one may be about a person."""

_PHOTOMETRIC: Final = 262
_WHITE_IS_ZERO: Final = 0
_TURNED_BY_THE_LIBRARY: Final = {"1", "L"}
"""Modes of up to 8 bits, in which Pillow itself makes zero black."""


def is_white_zero(picture: TiffImageFile) -> bool:
    """Whether the decoded numbers still run from white to black."""
    stated = picture.tag_v2.get(_PHOTOMETRIC)
    return stated == _WHITE_IS_ZERO and picture.mode not in _TURNED_BY_THE_LIBRARY


def turned_over(name: str, stored: NDArray[Any]) -> NDArray[Any]:
    """Numbers of 16 bits with zero as black, turned over within the whole range of their type.

    Raises
    ------
    UnsupportedFile : numbers without a fixed range.
    """
    if stored.dtype != np.uint16:
        raise refusal(name)
    return np.asarray(np.iinfo(np.uint16).max - stored)


def refusal(name: str) -> UnsupportedFile:
    """The refusal for a TIFF whose header is damaged or describes a layout that no decoder here knows."""
    return UnsupportedFile(
        found=f"{name} is a TIFF picture with a damaged header, or of a layout that we do not read.",
        why="We read grey of 1 to 32 bits, palettes and colour of 8 or 16 bits a sample.",
        do="Export it as PNG, or as TIFF with 8 or 16 bits.",
    )
