"""Bytes that the browser draws: one channel of a study, a label map or a heat map on the display grid.

Owns the wire format: little-endian, x fastest, gzip. The picture's facts travel beside it as JSON.
Drawing, windowing and colours are left to the viewer component.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from core.render.axes import DisplayGrid, display_grid, film_edges
from core.studies.study import Kind, Study

SLAB_VOXELS = 4_000_000
"""Voxels converted at a time, so that a large volume needs no second copy in memory."""

SAMPLE = 1_000_000
"""Voxels looked at for the percentile window: its error is then far below one grey step."""

GZIP_LEVEL = 1
GZIP_WINDOW = 31  # zlib's way of asking for a gzip header


@dataclass(frozen=True, slots=True)
class DisplayImage:
    """One channel as the browser gets it.

    meta : JSON-ready facts (see `display_image`).
    data : gzip of little-endian values of `meta["dtype"]`, x fastest, then y, then z.
    """

    meta: dict[str, Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class _Fit:
    """How values become stored integers: value = slope * stored + intercept."""

    dtype: np.dtype[Any]
    slope: float
    intercept: float
    exact: bool


def display_image(study: Study, channel: int = 0) -> DisplayImage:
    """One channel of a study on the display grid, with what the viewer must know to draw and name it.

    Volumes are stored as int16, films as uint8 or uint16. Whole numbers that span at most 65,535 are
    kept exactly; other values are scaled to the full range, an error of at most slope / 2.

    Returns
    -------
    meta : kind; dims and spacing_mm (null when unknown) in picture order; dtype; scale {slope, intercept,
        exact}; range {low, high}; window {low, high}; presets, a list of {id, name, low, high}; affine
        (picture index to RAS+ mm, null for a film); to_native (picture index to native voxel, integers);
        native_dims; native_orientation; orientation_known; oblique_deg; edges {left, right, top, bottom}
        of a film with known sides, else null.
    """
    grid = display_grid(study)
    values = study.pixels[channel]
    low, high, whole = _survey(values)
    fit = _fit(study.kind, low, high, whole)
    edges = film_edges(study)
    known = edges is not None if study.kind is Kind.FILM else study.geometry.orientation is not None
    presets = _presets(study, channel, values, low, high)
    meta: dict[str, Any] = {
        "kind": study.kind.value,
        "dims": list(grid.shape),
        "spacing_mm": list(grid.spacing_mm) if grid.spacing_mm else None,
        "dtype": fit.dtype.name,
        "scale": {"slope": fit.slope, "intercept": fit.intercept, "exact": fit.exact},
        "range": {"low": low, "high": high},
        "window": {"low": presets[0]["low"], "high": presets[0]["high"]},
        "presets": presets,
        "affine": None if grid.affine is None else grid.affine.tolist(),
        "to_native": grid.to_native.tolist(),
        "native_dims": list(study.shape),
        "native_orientation": study.geometry.orientation,
        "orientation_known": known,
        "oblique_deg": round(float(study.geometry.oblique_deg), 1),
        "edges": edges,
    }
    return DisplayImage(meta, _packed(grid, values, fit, low))


def display_labels(study: Study, label_map: NDArray[np.uint8]) -> bytes:
    """A label map on the study's own grid, (i, j, k) or (rows, columns), as gzip uint8 on the display grid."""
    _require_grid(study, label_map)
    return _packed(display_grid(study), label_map, _Fit(np.dtype(np.uint8), 1.0, 0.0, True), 0.0)


def display_heat(study: Study, heat: NDArray[np.float32]) -> bytes:
    """A heat map in 0..1 on the study's own grid as gzip uint8 (255 is 1.0) on the display grid."""
    _require_grid(study, heat)
    steps = np.clip(heat, 0.0, 1.0)
    steps *= 255
    np.rint(steps, out=steps)
    # Before it is laid out anew: moving bytes takes a quarter of the time, and a step needs no 64 bits to be told.
    return _packed(display_grid(study), steps.astype(np.uint8), _Fit(np.dtype(np.uint8), 1.0, 0.0, True), 0.0)


def percentile_window(values: NDArray[np.float32]) -> tuple[float, float]:
    """The 1st and 99th percentile of the finite values, from an even sample of at most about a million."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // SAMPLE)]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(sample, (1, 99))
    return float(low), float(high)


def _require_grid(study: Study, array: NDArray[Any]) -> None:
    if array.shape != study.shape:
        raise ValueError(f"an overlay lies on the study's own grid {study.shape}, not {array.shape}")


def _slabs(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Pieces along the last axis, (x, y, some z) or (x, some y)."""
    step = max(1, SLAB_VOXELS * values.shape[-1] // max(1, values.size))
    for start in range(0, values.shape[-1], step):
        yield values[..., start : start + step]


def _survey(values: NDArray[np.float32]) -> tuple[float, float, bool]:
    """Lowest and highest finite value, and whether all are whole numbers."""
    low, high, whole = np.inf, -np.inf, True
    for slab in _slabs(values):
        finite = slab if np.isfinite(slab).all() else slab[np.isfinite(slab)]
        if finite.size == 0:
            continue
        low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        whole = whole and bool((np.rint(finite) == finite).all())
    return (low, high, whole) if low <= high else (0.0, 0.0, True)


def _fit(kind: Kind, low: float, high: float, whole: bool) -> _Fit:
    eight_bit = whole and low >= 0 and high <= 255
    dtype: np.dtype[Any] = np.dtype("<i2" if kind is Kind.VOLUME else "u1" if eight_bit else "<u2")
    info = np.iinfo(dtype)
    if whole and info.min <= low and high <= info.max:
        return _Fit(dtype, 1.0, 0.0, True)
    span = int(info.max) - int(info.min)
    slope = 1.0 if whole and high - low <= span else (high - low) / span or 1.0
    return _Fit(dtype, slope, low - slope * int(info.min), whole and slope == 1.0)


def _packed(grid: DisplayGrid, values: NDArray[Any], fit: _Fit, fill: float) -> bytes:
    packer = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    parts = []
    for slab in _slabs(grid.view(values)):
        # Reversed axes in C order are x fastest.
        stored = np.ascontiguousarray(slab.T)
        if stored.dtype != fit.dtype:
            stored = _stored(stored, fit, fill)
        parts.append(packer.compress(stored.tobytes()))
    parts.append(packer.flush())
    return b"".join(parts)


def _stored(values: NDArray[Any], fit: _Fit, fill: float) -> NDArray[Any]:
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, fill)
    if fit.slope == 1.0 and fit.intercept == 0.0:
        return values.astype(fit.dtype)
    info = np.iinfo(fit.dtype)
    # In float64: a float32 intercept of a large offset would already be off by whole steps.
    steps = np.rint((values.astype(np.float64) - fit.intercept) / fit.slope)
    return np.clip(steps, info.min, info.max).astype(fit.dtype)


def _presets(study: Study, channel: int, values: NDArray[np.float32], low: float, high: float) -> list[dict[str, Any]]:
    """The study's own window first, then what else is worth one click; equal ones once."""
    window = study.windows[channel]
    first = {"header": ("header", "Header"), "bit depth": ("depth", "Bit depth")}.get(
        window.source, ("percentiles", "1–99 %")
    )
    wanted = [(*first, window.low, window.high)]
    if first[0] != "percentiles":
        wanted.append(("percentiles", "1–99 %", *percentile_window(values)))
    wanted.append(("full", "Full range", low, high))
    presets: list[dict[str, Any]] = []
    for name, title, bottom, top in wanted:
        drawn = {"low": float(bottom), "high": float(top) if top > bottom else float(bottom) + 1.0}
        if all((p["low"], p["high"]) != (drawn["low"], drawn["high"]) for p in presets):
            presets.append({"id": name, "name": title, **drawn})
    return presets
