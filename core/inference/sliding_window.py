"""A network that reads windows, led over an array that is larger: overlapping windows, Gaussian-blended.

Owns where windows lie, their weights and the accumulation, in one preallocated float32 array. The
engine runs them; padding up to one window is done in `preprocess`.

The method and its constants are those of MONAI's `sliding_window_inference` with mode 'gaussian',
against which the tests compare; done here to report progress, to stop between batches and to need
one accumulator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engines.engine import Engine, OutOfMemory, Outputs
from core.errors import Cancelled
from core.inference.preprocess import with_neighbours

Float = NDArray[np.float32]
Progress = Callable[[float, str], None]

OVERLAP = 0.5
"""Share of a window that its neighbour sees too; at half, no voxel is judged from a window's rim alone."""

SIGMA_SCALE = 0.125
"""Spread of the Gaussian weight as a share of the window's side (nnU-Net's and MONAI's choice)."""

LEAST_WEIGHT = 1e-3
"""Weights are at least this, so that a corner seen by one window alone does not divide by nearly nothing."""


class Windowed(NamedTuple):
    """What the windows gave together. batch : how many went at a time in the end; short : memory made them fewer."""

    outputs: Outputs
    batch: int
    short: bool = False


def window_starts(shape: Sequence[int], patch: Sequence[int], overlap: float = OVERLAP) -> list[tuple[int, ...]]:
    """Lowest corners of the windows, last axis fastest; the last window of an axis ends where the axis ends."""
    along = []
    for n, size in zip(shape, patch, strict=True):
        if n < size:
            raise ValueError(f"an axis of {n} is shorter than its window of {size}")
        step = size if n == size else max(1, int(size * (1 - overlap)))
        along.append([min(i * step, n - size) for i in range(-(-(n - size) // step) + 1)])
    return list(product(*along))


def gaussian_weight(patch: Sequence[int]) -> Float:
    """The weight of each voxel of a window, (patch), 1 in its middle."""
    weight = np.ones((), np.float32)
    for size in patch:
        x = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
        weight = weight[..., None] * np.exp(x**2 / np.float32(-2 * (size * SIGMA_SCALE) ** 2))
    floor = max(float(weight.min()), LEAST_WEIGHT)
    return np.maximum(weight, np.float32(floor)).astype(np.float32)


def run_windows(
    engine: Engine,
    array: Float,
    patch: Sequence[int],
    *,
    batch: int,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Windowed:
    """The network's outputs over the whole of `array`, windows of `patch` blended.

    Parameters
    ----------
    array : (channels, *spatial), each axis at least as long as its window.
    batch : windows at a time; halved for the rest of the run when memory does not suffice.

    Returns
    -------
    outputs : spatial ones (1, outputs, *spatial), blended; 'logits' (1, classes), the mean over the windows.
        Beside them stand the weights' sum, one voxel of 4 bytes each, and what the network needs for a batch.

    Raises
    ------
    OutOfMemory : a single window does not fit.
    Cancelled : between two batches, when `cancelled` says so.
    """
    starts = window_starts(array.shape[1:], patch)
    weight = gaussian_weight(patch)
    total = np.zeros(array.shape[1:], np.float32)
    summed: Outputs = {}
    done, asked = 0, batch
    while done < len(starts):
        _stop_if(cancelled)
        part = starts[done : done + batch]
        try:
            outputs = engine.run(np.stack([array[_window(start, patch, lead=1)] for start in part]))
        except OutOfMemory:
            if batch == 1:
                raise
            batch = max(1, batch // 2)
            continue
        for name, values in outputs.items():
            _add(summed, name, values, part, patch, weight, array.shape[1:])
        for start in part:
            total[_window(start, patch)] += weight
        done += len(part)
        if progress is not None:
            progress(done / len(starts), f"Window {done} of {len(starts)}")
    for name, values in summed.items():
        values /= total if values.ndim > 2 else np.float32(len(starts))
        summed[name] = values
    return Windowed(summed, batch, batch < asked)


def _add(
    summed: Outputs,
    name: str,
    values: Float,
    starts: Sequence[tuple[int, ...]],
    patch: Sequence[int],
    weight: Float,
    shape: tuple[int, ...],
) -> None:
    if values.ndim == 2:
        whole = summed.setdefault(name, np.zeros((1, values.shape[1]), np.float32))
        whole += values.sum(axis=0)
        return
    if name not in summed:
        summed[name] = np.zeros((1, values.shape[1], *shape), np.float32)
    for start, window in zip(starts, values, strict=True):
        summed[name][0][_window(start, patch, lead=1)] += window * weight


def run_slices(
    engine: Engine,
    array: Float,
    *,
    batch: int,
    context: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Windowed:
    """A 2-D network's outputs for each slice of `array` (channels, slices, rows, columns), in order.

    Parameters
    ----------
    context : neighbours on each side that a slice is fed with (`with_neighbours`).

    Returns
    -------
    outputs : spatial ones (1, outputs, slices, rows, columns); 'logits' (slices, classes).

    Raises
    ------
    OutOfMemory, Cancelled : as `run_windows`.
    """
    slices = array.shape[1]
    parts: list[Outputs] = []
    done, asked = 0, batch
    while done < slices:
        _stop_if(cancelled)
        upto = min(done + batch, slices)
        try:
            parts.append(engine.run(with_neighbours(array, range(done, upto), context)))
        except OutOfMemory:
            if batch == 1:
                raise
            batch = max(1, batch // 2)
            continue
        done = upto
        if progress is not None:
            progress(done / slices, f"Slice {done} of {slices}")
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    whole = {n: v if v.ndim == 2 else v.swapaxes(0, 1)[None] for n, v in together.items()}
    return Windowed(whole, batch, batch < asked)


def _window(start: Sequence[int], patch: Sequence[int], *, lead: int = 0) -> tuple[slice, ...]:
    return (slice(None),) * lead + tuple(slice(low, low + size) for low, size in zip(start, patch, strict=True))


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled
