"""A study as the array that a network was trained on: the one way, for training and for serving.

Owns channel choice, window, size, spacing, orientation, normalisation and padding, and remembers the
way back to the study's own grid. Whether a study should be shown to a model is left to `admission`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import AdmissionError
from core.inference.grid import Array, Axis, Grid, padded, resampled, scaled, turn
from core.studies.study import Kind, Study

if TYPE_CHECKING:
    from core.models.input_spec import InputSpec

Float = NDArray[np.float32]  # (channels, *spatial)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's pictures in 0..1, as torchvision's classifiers expect it taken off."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Spread of ImageNet's pictures in 0..1, likewise."""

UNNAMED = "image"
"""The channel name of a study whose file does not name its contrast; it fits any single channel."""

SPACING_TOLERANCE = 1e-3
"""Relative difference of spacings that is not worth a resampling: 0.05 voxel over 50 of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a network sees of a study.

    array : (channels, *spatial) float32, contiguous. For a 2-D network over a volume (`slicewise`)
        spatial is (slices, rows, columns) and each slice is one picture of its own; its neighbours
        join it as channels when it is fed (`with_neighbours`).
    grid : the way back; see `to_study_grid`.
    notes : what was done that a reader should know, one sentence each.
    """

    array: Float
    grid: Grid
    slicewise: bool
    notes: tuple[str, ...]

    def to_study_grid(self, array: Array, *, order: int) -> Array:
        """`array` (..., *spatial) of the network's grid on the study's own (order 0 nearest, 1 linear)."""
        return self.grid.to_study(array, order=order)

    def to_network_grid(self, array: Array, *, order: int) -> Array:
        """`array` (..., *study.shape), a label map for instance, on the network's grid (order 0 nearest, 1 linear)."""
        return self.grid.to_network(array, order=order)


def preprocess(study: Study, spec: InputSpec) -> Prepared:
    """The study as `spec` asks for it, with the way back to its own grid.

    Raises
    ------
    AdmissionError : the study is of the other kind, or a channel that the model needs is missing.
    """
    if study.kind is not spec.kind:
        raise AdmissionError(
            found=f"The study is a {study.kind.value}.",
            why=f"The model reads a {spec.kind.value}.",
            do=f"Choose a model that reads a {study.kind.value}.",
        )
    chosen = choose_channels(study, spec)
    if study.kind is Kind.FILM:
        return _film(study, spec, chosen)
    return _volume(study, spec, chosen)


def with_neighbours(array: Float, at: Sequence[int], context: int) -> Float:
    """Slices `at` of `array` (channels, slices, rows, columns), each with its neighbours as further channels.

    Returns
    -------
    (n, (2 * context + 1) * channels, rows, columns): from the slice `context` before to the one `context` after,
    all channels of each; where the volume ends, its last slice stands for those beyond.
    """
    offsets = np.arange(-context, context + 1)
    where = np.clip(np.asarray(at)[:, None] + offsets, 0, array.shape[1] - 1)
    seen = array[:, where].transpose(1, 2, 0, 3, 4)
    return np.ascontiguousarray(seen).reshape(len(where), -1, *array.shape[2:])


def choose_channels(study: Study, spec: InputSpec) -> tuple[int, ...]:
    """Indexes of the study's channels in the model's order; an unnamed single channel fits a single-channel model.

    Raises
    ------
    AdmissionError : a channel that the model needs is not there; the sentence names it.
    """
    if len(study.channels) == len(spec.channels) == 1 and UNNAMED in (study.channels[0], spec.channels[0]):
        return (0,)
    missing = [name for name in spec.channels if name not in study.channels]
    if missing:
        raise AdmissionError(
            found=f"The study has {_listed(study.channels)}; {_listed(missing)} is missing.",
            why=f"The model reads {_listed(spec.channels)}, each for itself.",
            do="Add the missing image and say which channel each file is, or choose a model that needs fewer.",
        )
    return tuple(study.channels.index(name) for name in spec.channels)


def _listed(names: Sequence[str]) -> str:
    return f"channel{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _film(study: Study, spec: InputSpec, chosen: tuple[int, ...]) -> Prepared:
    planes = np.stack([_windowed(study.pixels[c], study, c, spec) for c in chosen])
    axes = _plane_axes(study.shape, spec)
    array = _draw(planes, axes, spec)
    if spec.normalisation in ("zscore", "zscore_nonzero"):
        array = _standardised(array, axes, nonzero=spec.normalisation == "zscore_nonzero")
    return Prepared(_for_network(array, spec), Grid((0, 1), (False, False), axes), slicewise=False, notes=())


def _volume(study: Study, spec: InputSpec, chosen: tuple[int, ...]) -> Prepared:
    source, flipped, notes = _orientation(study, spec)
    order: tuple[int, ...] = (0, 1, 2)
    if spec.slice_axis is not None:  # the slice axis first: each slice is then one picture
        order = (spec.slice_axis, *(i for i in range(3) if i != spec.slice_axis))
    source, flipped = tuple(source[i] for i in order), tuple(flipped[i] for i in order)
    wanted = None if spec.spacing_mm is None else tuple(spec.spacing_mm[i] for i in order)
    axes = _resampling(study, source, wanted, notes)
    grid = Grid(source, flipped, axes)
    channels = [_intensity(grid.to_network(study.pixels[c], order=1), study, c, spec) for c in chosen]
    if spec.slice_axis is None:
        pads = tuple(padded(axis.net_n, _room(axis.net_n, i, spec)) for i, axis in enumerate(axes))
        array = np.zeros((len(chosen), *(pad.net_n for pad in pads)), np.float32)
        for out, channel in zip(array, channels, strict=True):
            out[tuple(slice(*pad.net_span) for pad in pads)] = channel
        fed = pads
    else:
        plane = _plane_axes(grid.shape[1:], spec)
        array = np.stack([_draw(channel, plane, spec) for channel in channels])
        fed = (padded(axes[0].net_n, axes[0].net_n), *plane)
    whole = Grid(source, flipped, tuple(axis.then(later) for axis, later in zip(axes, fed, strict=True)))
    return Prepared(_for_network(array, spec), whole, slicewise=spec.slice_axis is not None, notes=tuple(notes))


def _orientation(study: Study, spec: InputSpec) -> tuple[tuple[int, ...], tuple[bool, ...], list[str]]:
    have, want = study.geometry.orientation, spec.orientation
    if want is None or have == want:
        return (0, 1, 2), (False, False, False), []
    if have is None:
        return (0, 1, 2), (False, False, False), [f"The orientation is unknown; the axes were taken as {want}."]
    return *turn(have, want), []


def _resampling(
    study: Study, source: tuple[int, ...], wanted: Sequence[float] | None, notes: list[str]
) -> tuple[Axis, ...]:
    shape = [study.shape[i] for i in source]
    spacing = study.geometry.spacing_mm
    if wanted is None:
        return tuple(resampled(n, 1.0) for n in shape)
    if spacing is None:
        notes.append("The spacing is unknown; the volume was not resampled.")
        return tuple(resampled(n, 1.0) for n in shape)
    have = [spacing[i] for i in source]
    steps = [1.0 if abs(w / h - 1) < SPACING_TOLERANCE else w / h for w, h in zip(wanted, have, strict=True)]
    if any(step != 1.0 for step in steps):
        notes.append(f"Resampled from {_mm(have)} to {_mm(wanted)} for the network.")
    return tuple(resampled(n, step) for n, step in zip(shape, steps, strict=True))


def _mm(spacing: Sequence[float]) -> str:
    return " x ".join(f"{s:.4g}" for s in spacing) + " mm"


def _room(n: int, axis: int, spec: InputSpec) -> int:
    """Samples that a 3-D network needs on an axis of `n`: its window at least, else whole divisors."""
    return max(n, spec.patch[axis]) if spec.patch is not None else -(-n // spec.divisor) * spec.divisor


def _plane_axes(shape: Sequence[int], spec: InputSpec) -> tuple[Axis, Axis]:
    """How rows and columns reach a 2-D network: stretched, padded or cropped to `spec.size`."""
    if spec.size is None:
        raise ValueError("a 2-D network's specification has a size")
    scales = (spec.size[0] / shape[0], spec.size[1] / shape[1])
    if spec.fit == "pad":
        scales = (min(scales), min(scales))
    elif spec.fit == "crop":
        scales = (max(scales), max(scales))
    row, column = (_fitted(n, to, s) for n, to, s in zip(shape, spec.size, scales, strict=True))
    return row, column


def _fitted(n: int, to: int, scale: float) -> Axis:
    inner = min(to, max(1, round(n * scale)))
    shown = min(float(n), to / scale)  # less than n only where the picture is cropped
    return scaled(n, to, box=((n - shown) / 2, (n + shown) / 2), inner=inner)


def _draw(planes: Float, axes: tuple[Axis, Axis], spec: InputSpec) -> Float:
    """Planes (channels, rows, columns) on the network's grid, antialiased where shrunk, as Pillow does; padding 0."""
    row, column = axes
    inner = (row.net_span[1] - row.net_span[0], column.net_span[1] - column.net_span[0])
    (left, right), (top, bottom) = _box(column), _box(row)
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    out = np.zeros((planes.shape[0], row.net_n, column.net_n), np.float32)
    inside = (slice(*row.net_span), slice(*column.net_span))
    for target, plane in zip(out, planes, strict=True):
        if row.step == column.step == 1.0 and plane.shape == inner:
            target[inside] = plane
        else:
            picture = Image.fromarray(np.ascontiguousarray(plane))
            target[inside] = np.asarray(
                picture.resize((inner[1], inner[0]), filters[spec.interpolation], box=(left, top, right, bottom))
            )
    return out


def _box(axis: Axis) -> tuple[float, float]:
    """The edges, in study pixels, of what the network's span shows."""
    low = axis.start + axis.step * (axis.net_span[0] - 0.5) + 0.5
    high = axis.start + axis.step * (axis.net_span[1] - 0.5) + 0.5
    return max(0.0, low), min(float(axis.study_n), high)


def grey_range(pixels: Float, study: Study, channel: int, spec: InputSpec) -> tuple[float, float]:
    """The values of one channel that become 0 and 1; what lies outside is cut to them."""
    if spec.window == "study":
        return study.windows[channel].low, study.windows[channel].high
    if spec.window == "percentile":
        low, high = np.percentile(pixels, spec.percentiles)
        return float(low), float(high)
    return float(pixels.min()), float(pixels.max())


def _windowed(pixels: Float, study: Study, channel: int, spec: InputSpec) -> Float:
    """One channel scaled so that the window's low is 0 and its high is 1, clipped there; all 0 where flat."""
    low, high = grey_range(pixels, study, channel, spec)
    if not high > low:
        return np.zeros_like(pixels)
    out = pixels - np.float32(low)
    out *= np.float32(1.0 / (high - low))
    return np.clip(out, 0.0, 1.0, out=out)


def _intensity(pixels: Float, study: Study, channel: int, spec: InputSpec) -> Float:
    """One channel of a volume, windowed and, where the specification says so, standardised over its voxels."""
    out = _windowed(pixels, study, channel, spec)
    if spec.normalisation == "zscore":
        return _zscore(out, None)
    if spec.normalisation == "zscore_nonzero":
        return _zscore(out, pixels != 0)
    return out


def _standardised(array: Float, axes: tuple[Axis, Axis], *, nonzero: bool) -> Float:
    """A film's channels standardised over the picture itself; padding stays 0."""
    inside = tuple(slice(*axis.net_span) for axis in axes)
    for plane in array:
        part = plane[inside]
        plane[inside] = _zscore(part, part != 0 if nonzero else None)
    return array


def _zscore(values: Float, mask: NDArray[np.bool_] | None) -> Float:
    """Mean 0 and spread 1 over `mask` (all where None); outside the mask 0; flat input gives 0."""
    counted = values if mask is None else values[mask]
    if counted.size == 0:
        return np.zeros_like(values)
    mean, spread = float(counted.mean(dtype=np.float64)), float(counted.std(dtype=np.float64))
    if spread == 0:
        return np.zeros_like(values)
    out = (values - np.float32(mean)) * np.float32(1.0 / spread)
    return out if mask is None else np.where(mask, out, np.float32(0))


def _for_network(array: Float, spec: InputSpec) -> Float:
    """Grey repeated to as many channels as the network has, with ImageNet's mean and spread taken off where asked."""
    if spec.repeats_grey:
        array = np.repeat(array, spec.network_channels, axis=0)
    if spec.normalisation == "imagenet":
        shape = (-1, *(1,) * (array.ndim - 1))
        array = array - np.array(IMAGENET_MEAN, np.float32).reshape(shape)
        array /= np.array(IMAGENET_STD, np.float32).reshape(shape)
    return np.ascontiguousarray(array)
