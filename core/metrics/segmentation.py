"""Figures of one mask against another on the same grid, with every empty-mask result written down.

Owns overlap, volume and the record of one case. Surfaces and their distances are `surfaces`', components
`lesions`', many cases `mask_summary`'s. The caller answers for the grids: shapes are checked here, spacing comes
in the order of the array axes, affines are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import BoolArray
from core.metrics.lesions import Lesions, count_lesions
from core.metrics.surfaces import (
    NSD_TOLERANCES_MM,
    hausdorff_95,
    image_diagonal,
    surface_distances,
    surface_share,
    union_box,
)


class EmptyPolicy(StrEnum):
    """What two empty masks count as."""

    PENALISE = "penalise"
    """Undefined and left out of means: there was nothing to overlap."""
    CHALLENGE = "challenge"
    """Perfect: 1 and 0 mm, as some challenges count; the result says so."""


class State(StrEnum):
    """Which of the two masks hold a voxel."""

    BOTH_PRESENT = "both_present"
    REFERENCE_EMPTY = "reference_empty"
    PREDICTION_EMPTY = "prediction_empty"
    BOTH_EMPTY = "both_empty"


@dataclass(frozen=True, slots=True)
class MaskFigures:
    """One label of one case. Undefined is None: dice, iou, hd95_mm, nsd where both are empty; the error in percent
    where the reference is. nsd : tolerance in mm to the share of surface voxels within it.
    """

    state: State
    empty_policy: EmptyPolicy
    dice: float | None
    iou: float | None
    hd95_mm: float | None
    nsd: dict[float, float | None]
    volume_reference_ml: float
    volume_prediction_ml: float
    volume_error_ml: float
    volume_error_percent: float | None
    lesions: Lesions


def compare_masks(
    reference: ArrayLike,
    prediction: ArrayLike,
    spacing_mm: Sequence[float],
    *,
    tolerances_mm: Sequence[float] = NSD_TOLERANCES_MM,
    empty: EmptyPolicy = EmptyPolicy.PENALISE,
    min_lesion_mm3: float = 0.0,
) -> MaskFigures:
    """Every figure of section 9 of the evaluation page for one pair of masks.

    Parameters
    ----------
    reference, prediction : masks of one shape, 2-D or 3-D; anything but 0 is inside.
    spacing_mm : in the order of the array axes. min_lesion_mm3 : smaller components are left out of lesion counts.

    Raises
    ------
    ValueError : shapes or the number of spacings differ, or a spacing is not above 0.
    """
    a, b = masks(reference, prediction)
    spacing = checked_spacing(spacing_mm, a.ndim)
    voxels_a, voxels_b = int(np.count_nonzero(a)), int(np.count_nonzero(b))
    volume_a, volume_b = volume_ml(a, spacing), volume_ml(b, spacing)
    error = volume_b - volume_a
    state = _state(voxels_a, voxels_b)
    diagonal = image_diagonal(a.shape, spacing)
    if state is not State.BOTH_EMPTY:  # all that follows lies in the box around both masks
        box = union_box(a, b)
        a, b = a[box], b[box]
    common = int(np.count_nonzero(a & b))
    overlap, union = _overlaps(voxels_a, voxels_b, common, empty)
    hd95, nsd = _distances(a, b, spacing, tolerances_mm, state, empty, diagonal)
    return MaskFigures(
        state, empty, overlap, union, hd95, nsd, volume_a, volume_b, error,
        100 * error / volume_a if volume_a else None, count_lesions(a, b, spacing, min_lesion_mm3),
    )  # fmt: skip


def dice(reference: ArrayLike, prediction: ArrayLike) -> float | None:
    """Twice the common voxels over the sum of both: 2|A and B| / (|A| + |B|).

    Parameters
    ----------
    reference, prediction : masks of one shape; anything but 0 is inside.

    Returns
    -------
    None where both are empty: a correct "nothing there", which is left out of means and counted
    apart. 0 where one of them is empty.

    Raises
    ------
    ValueError : the shapes differ.
    """
    a, b = masks(reference, prediction)
    total = int(a.sum()) + int(b.sum())
    return None if total == 0 else 2 * int((a & b).sum()) / total


def iou(reference: ArrayLike, prediction: ArrayLike) -> float | None:
    """Common voxels over the voxels of either: |A and B| / |A or B|; empty masks and errors as `dice`."""
    a, b = masks(reference, prediction)
    union = int((a | b).sum())
    return None if union == 0 else int((a & b).sum()) / union


def volume_ml(mask: ArrayLike, spacing_mm: Sequence[float]) -> float:
    """Volume inside the mask in millilitres: voxels times the voxel's volume (in 2-D the area, as 1 mm thick)."""
    return int(np.count_nonzero(np.asarray(mask))) * float(np.prod(spacing_mm)) / 1000


def masks(reference: ArrayLike, prediction: ArrayLike) -> tuple[BoolArray, BoolArray]:
    """Both as booleans; ValueError where the shapes differ."""
    a, b = np.asarray(reference).astype(bool), np.asarray(prediction).astype(bool)
    if a.shape != b.shape:
        raise ValueError(f"masks of shape {a.shape} and {b.shape} do not lie on one grid")
    return a, b


def checked_spacing(spacing_mm: Sequence[float], axes: int) -> tuple[float, ...]:
    """The spacing as numbers; ValueError unless there is one above 0 for each axis."""
    spacing = tuple(float(step) for step in spacing_mm)
    if len(spacing) != axes or not all(step > 0 and np.isfinite(step) for step in spacing):
        raise ValueError(f"a spacing of {spacing} for {axes} axes")
    return spacing


def _state(reference: int, prediction: int) -> State:
    if reference and prediction:
        return State.BOTH_PRESENT
    if reference:
        return State.PREDICTION_EMPTY
    return State.REFERENCE_EMPTY if prediction else State.BOTH_EMPTY


def _overlaps(a: int, b: int, common: int, empty: EmptyPolicy) -> tuple[float | None, float | None]:
    if a + b == 0:
        return (1.0, 1.0) if empty is EmptyPolicy.CHALLENGE else (None, None)
    return 2 * common / (a + b), common / (a + b - common)


def _distances(
    a: BoolArray,
    b: BoolArray,
    spacing: tuple[float, ...],
    tolerances: Sequence[float],
    state: State,
    empty: EmptyPolicy,
    worst_mm: float,
) -> tuple[float | None, dict[float, float | None]]:
    """HD95 in mm and the surface shares; the worst possible where one mask is empty."""
    if state is State.BOTH_PRESENT:
        there, back = surface_distances(a, b, spacing)
        return hausdorff_95(there, back), {float(t): surface_share(there, back, t) for t in tolerances}
    if state is not State.BOTH_EMPTY:
        return worst_mm, {float(t): 0.0 for t in tolerances}
    if empty is EmptyPolicy.CHALLENGE:
        return 0.0, {float(t): 1.0 for t in tolerances}
    return None, {float(t): None for t in tolerances}
