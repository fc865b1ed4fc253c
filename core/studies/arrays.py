"""A study made of numbers that are in memory already: for programs that have read their pictures themselves.

Owns the shapes. Nothing is known of such a study but its values: no spacing, no orientation, no modality.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import TooLarge, UnsupportedFile
from core.settings import settings
from core.studies.film_checks import require_finite
from core.studies.study import Geometry, IngestReport, Kind, Study
from core.studies.windows import percentile_window

AXES = {Kind.FILM: 2, Kind.VOLUME: 3}
"""Of one channel."""


def study_from_array(values: ArrayLike, kind: Kind, channels: tuple[str, ...] = ("image",)) -> Study:
    """The study that these values are.

    values : (rows, columns) of a film, (i, j, k) of a volume; with several channels one axis more in front.
    channels : their names; one where there is no such axis.

    Raises
    ------
    UnsupportedFile : another shape, or values that are no numbers. TooLarge : more of them than one study may have.
    """
    array = np.asarray(values)
    axes = AXES[kind]
    if array.dtype.kind not in "biuf" or array.ndim not in (axes, axes + 1) or not array.size:
        raise UnsupportedFile(
            found=f"The array has shape {array.shape} and type {array.dtype}.",
            why=f"A {kind} has {axes} axes of numbers, and one more in front where it has channels.",
            do="Give grey values as (rows, columns) or (i, j, k), with the channels first.",
        )
    stacked = array[np.newaxis] if array.ndim == axes else array
    if len(stacked) != len(channels):
        raise UnsupportedFile(
            found=f"The array has {len(stacked)} channels; {len(channels)} are read: {', '.join(channels)}.",
            why="Which channel is which would be a guess.",
            do="Stack one channel for each, in this order.",
        )
    _require_small(stacked, kind)
    require_finite("the array", stacked)
    return _study(np.ascontiguousarray(stacked, dtype=np.float32), kind, channels)


def _study(pixels: NDArray[np.float32], kind: Kind, channels: tuple[str, ...]) -> Study:
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    report = IngestReport(
        recognised="an array in memory",
        files=0,
        sha256=digest,
        pixel_sha256=digest,
        shape=pixels.shape[1:],
        spacing_mm=None,
        orientation=None,
    )
    affine = np.eye(4) if kind is Kind.VOLUME else None
    windows = tuple(percentile_window(channel) for channel in pixels)
    return Study(kind, pixels.copy(), channels, windows, Geometry(spacing_mm=None, affine=affine), report)


def _require_small(stacked: NDArray[np.generic], kind: Kind) -> None:
    limits = settings()
    most = limits.raster_megapixels if kind is Kind.FILM else limits.volume_mega_voxels
    if stacked.size > most * 1_000_000:
        raise TooLarge(
            found=f"The array has {stacked.size:,} values.",
            why=f"The limit of one {kind} is {most} million.",
            do="Bring a smaller one, or raise the limit in the settings.",
        )
