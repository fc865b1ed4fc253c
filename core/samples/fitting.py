"""An appearance fitted to aligned pictures: principal components of grey, and of the fields that align them.

Owns the arithmetic. Which pictures, from which data, is told in `learning`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.samples.align import Aligned, moved
from core.samples.appearance import Appearance, resized, ring_numbers

Float = NDArray[np.float32]

RINGS = 48
"""Of the grain's spectrum."""

TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What is known of n pictures of one kind, in one frame.

    grey : (n, *grid). maps : (n, m, *grid). groups : (n,) from 0. facts : (n, f).
    """

    grey: Float
    maps: Float
    groups: NDArray[np.int64]
    facts: Float


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the pictures is kept. modes, shapes : numbers of components. coarse, sparse : the grids of the modes
    and of the fields. grain_axes : the last axes along which grain is correlated.
    """

    modes: int
    shapes: int
    coarse: tuple[int, ...]
    sparse: tuple[int, ...]
    grain_axes: int


def fit(pictures: Pictures, aligned: Aligned, size: Size, notice: str) -> Appearance:
    """The appearance of these pictures; `aligned` may lie on a coarser grid than they do."""
    grid = pictures.grey.shape[1:]
    grey = np.stack([_unmoved(one[None], field)[0] for one, field in zip(pictures.grey, aligned.to_mean, strict=True)])
    maps = np.mean(
        [_unmoved(one, field) for one, field in zip(pictures.maps, aligned.to_mean, strict=True)], axis=0
    ).reshape(pictures.maps.shape[1:])
    mean = grey.mean(0)
    small = np.stack([shrunk(one - mean, size.coarse) for one in grey])
    modes, greys = components(small, size.modes)
    scale = np.array(aligned.from_mean.shape[2:], np.float32).reshape(-1, *(1,) * len(grid))
    sparse = np.stack([[shrunk(part, size.sparse) for part in field / scale] for field in aligned.from_mean])
    centre_field = sparse.mean(0)
    shapes, bends = components(sparse - centre_field, size.shapes)
    rest = np.stack(
        [one - mean - resized(np.tensordot(along, modes, 1), grid) for one, along in zip(grey, greys, strict=True)]
    )
    spread = np.sqrt(np.mean(np.square(rest), axis=0))
    centre, factor = _gaussians(np.hstack([greys, bends]), pictures.groups)
    facts, facts_factor = _gaussians(pictures.facts, pictures.groups)
    return Appearance(
        mean=mean,
        modes=modes,
        maps=np.stack([shrunk(one, size.coarse) for one in maps]) if len(maps) else maps,
        fields=np.concatenate([centre_field[None], shapes]),
        centre=centre,
        factor=factor,
        facts=facts,
        facts_factor=facts_factor,
        spread=shrunk(spread, size.coarse),
        rings=_rings(rest / (spread + TINY), size.grain_axes),
        notice=notice,
    )


def components(rows: Float, count: int) -> tuple[Float, Float]:
    """The first `count` principal components of rows that are centred, in steps of unit length, and where each row
    lies on them: (count, *grid) and (n, count). The largest value of a component is positive, so that a component is
    the same on every machine.
    """
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    flat = flat - flat.mean(0)
    _, turned = np.linalg.eigh(flat @ flat.T)
    found = turned[:, ::-1][:, :count].T @ flat
    found /= np.linalg.norm(found, axis=1, keepdims=True) + TINY
    found *= np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])[:, None]
    return found.reshape(-1, *rows.shape[1:]).astype(np.float32), (flat @ found.T).astype(np.float32)


def shrunk(array: Float, shape: tuple[int, ...]) -> Float:
    """Means over equal boxes where a side is a whole multiple, else linear."""
    if any(n % to for n, to in zip(array.shape, shape, strict=True)):
        return resized(array, shape)
    boxes = [part for n, to in zip(array.shape, shape, strict=True) for part in (to, n // to)]
    out: Float = array.reshape(boxes).mean(axis=tuple(range(1, 2 * len(shape), 2)))
    return out


def _unmoved(layers: Float, field: Float) -> Float:
    """Layers (m, *grid) in the frame of the mean; the field may be of a coarser grid."""
    grid = layers.shape[1:]
    steps = [n / side for n, side in zip(grid, field.shape[1:], strict=True)]
    larger = [resized(part, grid) * np.float32(step) for part, step in zip(field, steps, strict=True)]
    return moved(layers, np.stack(larger)) if len(layers) else layers


def _gaussians(rows: Float, groups: NDArray[np.int64]) -> tuple[Float, Float]:
    """Of each group the mean (g, d) and a factor of the covariance (g, d, d)."""
    centres, factors = [], []
    for group in range(int(groups.max()) + 1):
        held = rows[groups == group].astype(np.float64)
        centres.append(held.mean(0))
        values, turned = np.linalg.eigh(np.atleast_2d(np.cov(held.T)))
        # The symmetric root: near groups then have near factors, and between them lies what is between the groups.
        factors.append(turned * np.sqrt(np.maximum(values, 0)) @ turned.T)
    return np.array(centres, np.float32), np.array(factors, np.float32)


def _rings(rest: Float, axes: int) -> Float:
    """Root mean power of each ring of frequency along the last `axes`, the mean ring 1."""
    along = tuple(range(rest.ndim - axes, rest.ndim))
    power = np.mean([np.square(np.abs(np.fft.fftn(one, axes=tuple(a - 1 for a in along)))) for one in rest], axis=0)
    power = power.reshape(-1, *rest.shape[-axes:]).mean(0).ravel()
    number = ring_numbers(rest.shape[-axes:], RINGS).ravel()
    sums, counts = np.bincount(number, power, RINGS), np.bincount(number, minlength=RINGS)
    tone = np.sqrt(sums / np.maximum(counts, 1))
    return np.asarray(tone / tone.mean(), np.float32)
