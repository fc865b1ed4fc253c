"""Pictures of one kind brought into one frame: a mean picture and, for each, the smooth field that leads to it.

Owns the registration. It is used when an appearance is fitted, never when a sample is drawn.

References
----------
Symmetric demons forces: Thirion, Medical Image Analysis 2 (1998). The mean picture is re-made between rounds, as in
Guimond, Meunier and Thirion, Computer Vision and Image Understanding 77 (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Float = NDArray[np.float32]

LEVELS = ((4.0, 15), (2.0, 20), (1.2, 15))
"""Smoothing in samples, and steps with it: from what is coarse to what is fine."""

ROUNDS = 4
"""How often the mean picture is made anew; the last round is over all pictures."""

EARLY_SHARE = 6
"""Before the last round only every sixth picture is moved: the mean changes little with more."""

FLAT = 1e-3
"""Squared gradient below which nothing pulls."""

STIFFNESS = 0.6
"""Share of a level's smoothing that the whole field is smoothed by after each step."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """mean : (channels, *grid). to_mean : (n, axes, *grid); picture i at x + to_mean[i](x) shows what the mean has
    at x. from_mean : the way back, likewise. All in samples of the grid.
    """

    mean: Float
    to_mean: Float
    from_mean: Float


def align(pictures: Float) -> Aligned:
    """Every picture onto the mean of all.

    Parameters
    ----------
    pictures : (n, channels, *grid), each channel of about unit spread; a channel may be a blurred label.
    """
    mean = pictures.mean(0)
    fields: Float = np.empty(0, np.float32)
    for number in range(ROUNDS):
        part = pictures if number == ROUNDS - 1 else pictures[number::EARLY_SHARE]
        fields = np.stack([_register(mean, picture) for picture in part])
        fields -= fields.mean(0)
        mean = np.stack([moved(picture, field) for picture, field in zip(part, list(fields), strict=True)]).mean(0)
    return Aligned(mean, fields, np.stack([inverse(field) for field in list(fields)]))


def moved(picture: Float, field: Float) -> Float:
    """`picture` (channels, *grid) read at x + field(x); beyond the edge, its last sample."""
    at = np.indices(picture.shape[1:], dtype=np.float32) + field
    return np.stack([map_coordinates(channel, at, order=1, mode="nearest") for channel in picture])


def inverse(field: Float, steps: int = 15) -> Float:
    """The field that leads back, by fixed point."""
    back = np.zeros_like(field)
    for _ in range(steps):
        back = -moved(field, back)
    return back


def _register(fixed: Float, moving: Float, levels: Sequence[tuple[float, int]] = LEVELS) -> Float:
    axes = fixed.ndim - 1
    field = np.zeros((axes, *fixed.shape[1:]), np.float32)
    for smooth, steps in levels:
        target, source = _blurred(fixed, smooth / 2), _blurred(moving, smooth / 2)
        slope = _slopes(target)
        for _ in range(steps):
            here = moved(source, field)
            pull = (slope + _slopes(here)) / 2
            apart = target - here
            scale = (pull**2).sum(axis=(0, 1)) + (apart**2).sum(axis=0) / 4 + np.float32(FLAT)
            step = (apart[:, None] * pull).sum(axis=0) / scale
            field = _blurred(field + _blurred(step, 1.5), STIFFNESS * smooth)
    return field


def _slopes(picture: Float) -> Float:
    """(channels, axes, *grid)."""
    return np.stack([np.stack(np.gradient(channel)) for channel in picture]).astype(np.float32)


def _blurred(picture: Float, smooth: float) -> Float:
    blurred: Float = gaussian_filter(picture, (0, *(smooth,) * (picture.ndim - 1)))
    return blurred
