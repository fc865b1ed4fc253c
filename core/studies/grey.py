"""Colour to grey, told in words.

Owns the weights and the case that matters most: a grey film stored as three equal channels loses nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LUMA_WEIGHTS: Final = (0.299, 0.587, 0.114)
"""ITU-R BT.601, the weights that every common viewer uses."""


def to_grey(colour: NDArray[Any]) -> tuple[NDArray[np.float32], str]:
    """Grey of a colour picture, and the sentence for the report.

    colour : (rows, columns, 3), red green blue.
    """
    red, green, blue = (colour[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red.astype(np.float32), "three equal colour channels were stored as one grey channel"
    grey = np.zeros(red.shape, dtype=np.float32)
    for channel, weight in zip((red, green, blue), LUMA_WEIGHTS, strict=True):
        grey += np.float32(weight) * channel.astype(np.float32)
    return grey, "colour was converted to grey"
