"""The way between a study's own grid and the grid that a network sees, one axis at a time.

Owns axis order, direction and the affine map of each axis (pad, crop, resize and resample are all
one), applied forwards for label maps and backwards for results. Intensities are left to `preprocess`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S"}

Array = NDArray[Any]  # any number type: label maps keep theirs, interpolation answers in float32


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the network's grid: study index = start + step * network index.

    `net_span` are the network indexes that hold picture (the rest is padding), `study_span` the
    study indexes that the network saw (the rest was cropped away); both half-open.
    """

    study_n: int
    net_n: int
    step: float
    start: float
    net_span: tuple[int, int]
    study_span: tuple[int, int]

    @property
    def shift(self) -> int | None:
        """Whole steps from network to study index where nothing is interpolated, else None."""
        return int(self.start) if self.step == 1.0 and float(self.start).is_integer() else None

    def then(self, later: Axis) -> Axis:
        """This map followed by `later`, whose 'study' side is this map's network side."""
        low, high = later.study_span
        if (low, high) == (0, later.study_n):
            seen = self.study_span
        else:
            edges = (self.start + self.step * (low - 0.5), self.start + self.step * (high - 0.5))
            seen = (max(0, math.ceil(edges[0])), min(self.study_n, math.ceil(edges[1])))
        return Axis(
            self.study_n,
            later.net_n,
            self.step * later.step,
            self.start + self.step * later.start,
            later.net_span,
            seen,
        )


def resampled(n: int, step: float) -> Axis:
    """An axis of `n` samples read at every `step` of them; the centres of the two fields of view coincide."""
    net_n = max(1, round(n / step))
    return Axis(n, net_n, step, (n - 1) / 2 - step * (net_n - 1) / 2, (0, net_n), (0, n))


def padded(n: int, to: int) -> Axis:
    """An axis of `n` samples in the middle of `to`, the odd one behind."""
    before = (to - n) // 2
    return Axis(n, to, 1.0, float(-before), (before, before + n), (0, n))


def scaled(n: int, to: int, *, box: tuple[float, float], inner: int) -> Axis:
    """Samples of `box` (edges, in study pixels) shown as `inner` pixels in the middle of `to`."""
    before = (to - inner) // 2
    step = (box[1] - box[0]) / inner
    start = box[0] + 0.5 * step - 0.5 - step * before
    seen = (max(0, math.ceil(box[0] - 0.5)), min(n, math.ceil(box[1] - 0.5)))
    return Axis(n, to, step, start, (before, before + inner), seen)


def sample(array: Array, axis: int, where: NDArray[np.floating[Any]], order: int) -> Array:
    """`array` at fractional indexes `where` of one axis: nearest (0) or linear (1); past an end, its value."""
    last = array.shape[axis] - 1
    if order == 0:
        nearest: Array = np.take(array, np.clip(np.floor(where + 0.5).astype(np.intp), 0, last), axis=axis)
        return nearest
    where = np.clip(where, 0, last)
    below = np.floor(where).astype(np.intp)
    above = np.minimum(below + 1, last)
    weight = (where - below).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(array.ndim)])
    low: Array = np.take(array, below, axis=axis).astype(np.float32, copy=False)
    high: Array = np.take(array, above, axis=axis).astype(np.float32, copy=False)
    high -= low
    high *= weight
    low += high
    return low


def move(array: Array, axis: int, *, size: int, span: tuple[int, int], shift: int) -> Array:
    """`array` laid `shift` samples further along one axis of `size`; zero outside `span`."""
    low, high = max(span[0], shift), min(span[1], array.shape[axis] + shift)
    part = array[_along(array, axis, low - shift, high - shift)]
    if part.shape[axis] == size:
        return part
    out = np.zeros([size if i == axis else n for i, n in enumerate(array.shape)], array.dtype)
    out[_along(out, axis, low, high)] = part
    return out


def blank_outside(array: Array, axis: int, span: tuple[int, int]) -> Array:
    """`array` with zero outside `span` of one axis, written in place."""
    array[_along(array, axis, 0, span[0])] = 0
    array[_along(array, axis, span[1], array.shape[axis])] = 0
    return array


def _along(array: Array, axis: int, low: int, high: int) -> tuple[slice, ...]:
    return tuple(slice(low, high) if i == axis else slice(None) for i in range(array.ndim))


@dataclass(frozen=True, slots=True)
class Grid:
    """A study's grid and a network's, and the two ways between them.

    source : for each network axis the study axis that it comes from. flipped : whether it runs the
    other way. axes : the affine map of each network axis, in network order.
    """

    source: tuple[int, ...]
    flipped: tuple[bool, ...]
    axes: tuple[Axis, ...]

    @property
    def study_shape(self) -> tuple[int, ...]:
        """Shape of the study, in its own axis order."""
        shape = [0] * len(self.axes)
        for position, axis in zip(self.source, self.axes, strict=True):
            shape[position] = axis.study_n
        return tuple(shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the network's grid."""
        return tuple(axis.net_n for axis in self.axes)

    @property
    def exact(self) -> bool:
        """True where nothing is interpolated: each sample of one grid is a sample of the other."""
        return all(axis.shift is not None for axis in self.axes)

    def orient(self, array: Array) -> Array:
        """`array` (..., *study) with its axes in network order and direction; a view."""
        lead = array.ndim - len(self.axes)
        turned = array.transpose([*range(lead), *(lead + i for i in self.source)])
        return turned[self._flips(lead)]

    def to_network(self, array: Array, *, order: int) -> Array:
        """`array` (..., *study) on the network's grid (..., *network); padding is 0.

        order : 0 nearest, keeps the type (label maps); 1 linear, answers in float32.
        """
        array = self.orient(array)
        lead = array.ndim - len(self.axes)
        for i, axis in enumerate(self.axes, start=lead):
            if axis.shift is not None:
                array = move(array, i, size=axis.net_n, span=axis.net_span, shift=-axis.shift)
            else:
                array = sample(array, i, axis.start + axis.step * np.arange(axis.net_n), order)
                array = blank_outside(array, i, axis.net_span)
        return array

    def to_study(self, array: Array, *, order: int) -> Array:
        """`array` (..., *network) on the study's own grid (..., *study); what was cropped away is 0.

        order : 0 nearest, keeps the type (label maps); 1 linear, answers in float32.
        """
        lead = array.ndim - len(self.axes)
        for i, axis in enumerate(self.axes, start=lead):
            if axis.shift is not None:
                array = move(array, i, size=axis.study_n, span=axis.study_span, shift=axis.shift)
            else:
                array = sample(array, i, (np.arange(axis.study_n) - axis.start) / axis.step, order)
                array = blank_outside(array, i, axis.study_span)
        turned = array[self._flips(lead)]
        back = np.argsort(self.source)
        return np.ascontiguousarray(turned.transpose([*range(lead), *(lead + int(i) for i in back)]))

    def _flips(self, lead: int) -> tuple[slice, ...]:
        return (slice(None),) * lead + tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flipped)


def turn(have: str, want: str) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """For each axis of orientation `want`, the axis of `have` that it comes from, and whether it is reversed."""
    source, flipped = [], []
    for letter in want:
        position = have.find(letter)
        source.append(position if position >= 0 else have.index(OPPOSITE[letter]))
        flipped.append(position < 0)
    return tuple(source), tuple(flipped)
