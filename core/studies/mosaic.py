"""A mosaic: the slices of a volume as tiles of one picture, as one maker's scanners write functional series.

Owns where each tile lies in the picture and in the patient. How many tiles there are and to which side they follow
each other stands in a private part of the header only (its CSA image header); without it nothing is guessed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from pydicom.dataset import Dataset

from core.errors import GeometryError, UnsupportedFile
from core.studies.faults import DECODER_FAULTS

if TYPE_CHECKING:
    from core.studies.slices import Slice

PARALLEL: Final = 0.999
"""Least cosine between the header's two normals: the private one has eight digits, the public one as many."""


def is_mosaic(header: Dataset) -> bool:
    """Whether a header calls its picture a mosaic."""
    return "MOSAIC" in [str(value).upper() for value in header.get("ImageType") or ()]


def tiles_of(whole: Slice, header: Dataset) -> Iterator[Slice]:
    """The slices of a mosaic, in the order of its tiles.

    Parameters
    ----------
    whole : the picture as if it were one slice.

    Notes
    -----
    The position in the header is the corner that the whole picture would have were it centred on the first slice;
    a tile's corner therefore lies half the difference of the sizes further in. The step is SpacingBetweenSlices:
    a mosaic has no positions that could tell it.

    Raises
    ------
    UnsupportedFile : the private header is missing or tells no tiles that fit the picture.
    GeometryError : no step, or a normal that contradicts the directions of the picture.
    """
    count, normal = _told(whole, header)
    side = math.ceil(math.sqrt(count))
    rows, columns = (size // side for size in whole.shape)
    if (rows * side, columns * side) != whole.shape or count < 2:
        raise _unknown_tiles(whole)
    step = header.get("SpacingBetweenSlices")
    if not step or not math.isfinite(step) or not 0 < step < 1000:
        raise GeometryError(
            found=f"{whole.source.name} is a mosaic that does not give the distance between its slices.",
            why="Slice thickness is another length, and volumes cannot be measured without the distance.",
            do="Export the series as single slices or as an enhanced DICOM file.",
        )
    inwards = (whole.shape[1] - columns) / 2 * whole.spacing_mm[1] * whole.row
    inwards = inwards + (whole.shape[0] - rows) / 2 * whole.spacing_mm[0] * whole.column
    for number in range(count):
        yield replace(
            whole,
            shape=(rows, columns),
            corner=(number // side * rows, number % side * columns),
            position=whole.position + inwards + number * float(step) * normal,
        )


def _told(whole: Slice, header: Dataset) -> tuple[int, Any]:
    """The number of tiles and the unit direction in which they follow each other, LPS, from the private header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the package: its readers of whole series are experimental
        from nibabel.nicom import csareader
    try:
        told = csareader.get_csa_header(header, "image")
        count = None if told is None else csareader.get_n_mosaic(told)
        normal = None if told is None else csareader.get_slice_normal(told)
    except csareader.CSAError as fault:
        raise _unknown_tiles(whole) from fault
    except DECODER_FAULTS as fault:
        raise _unknown_tiles(whole) from fault
    if not count or normal is None:
        raise _unknown_tiles(whole)
    along = float(np.asarray(normal, dtype=np.float64) @ whole.normal)
    if not abs(along) > PARALLEL:
        raise GeometryError(
            found=f"{whole.source.name} is a mosaic whose private header gives another direction across the slices "
            f"than the public one (cosine {along:.3f}).",
            why="Up and down of the slices would be a guess.",
            do="Export the series as single slices or as an enhanced DICOM file.",
        )
    return cast("int", count), math.copysign(1.0, along) * whole.normal


def _unknown_tiles(whole: Slice) -> UnsupportedFile:
    return UnsupportedFile(
        found=f"{whole.source.name} is a mosaic, the slices of a volume as tiles of one picture, and does not say how "
        "its tiles lie.",
        why="That stands in a private part of the header, which is missing here; shown as one slice it would be "
        "anatomically wrong.",
        do="Export the series with its private header, as single slices, or as an enhanced DICOM file.",
    )
