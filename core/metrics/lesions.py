"""Lesions as connected components: how many there are, found, and invented.

Owns the components of a pair of masks. Voxels that touch at a corner are one lesion (26 neighbours, 8 in 2-D).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from core.metrics.counts import BoolArray, IntArray

ROUNDING = 1e-9
"""Rounding of voxels times spacing may not drop a lesion of exactly the smallest volume."""


@dataclass(frozen=True, slots=True)
class Lesions:
    """Counts of one case. detected : of the reference. false_positives : predicted ones without a reference voxel."""

    reference: int
    prediction: int
    detected: int
    false_positives: int


def count_lesions(
    reference: BoolArray, prediction: BoolArray, spacing_mm: Sequence[float], min_lesion_mm3: float = 0.0
) -> Lesions:
    """Lesions of both masks after components below a volume (in 2-D 1 mm thick) are dropped from both.

    A reference lesion is detected by a single predicted voxel.
    """
    voxel_mm3 = float(np.prod(spacing_mm))
    real, n_real = components(reference, voxel_mm3, min_lesion_mm3)
    drawn, n_drawn = components(prediction, voxel_mm3, min_lesion_mm3)
    both = (real > 0) & (drawn > 0)
    detected, met = len(np.unique(real[both])), len(np.unique(drawn[both]))
    return Lesions(n_real, n_drawn, detected, n_drawn - met)


def count_lesions_from(
    reference: BoolArray, prediction: BoolArray, spacing_mm: Sequence[float], smallest_mm3: Sequence[float]
) -> list[Lesions]:
    """`count_lesions` for each smallest volume, the components being found once."""
    voxel_mm3 = float(np.prod(spacing_mm))
    real, n_real = components(reference, voxel_mm3)
    drawn, n_drawn = components(prediction, voxel_mm3)
    sizes = [np.bincount(held.ravel(), minlength=n + 1) * voxel_mm3 for held, n in ((real, n_real), (drawn, n_drawn))]
    both = (real > 0) & (drawn > 0)
    pairs = np.unique(np.stack([real[both], drawn[both]]), axis=1)
    found = []
    for smallest in smallest_mm3:
        kept = [size >= smallest * (1 - ROUNDING) for size in sizes]
        for side in kept:
            side[0] = False
        meeting = pairs[:, kept[0][pairs[0]] & kept[1][pairs[1]]]
        n, m = int(kept[0].sum()), int(kept[1].sum())
        found.append(Lesions(n, m, len(np.unique(meeting[0])), m - len(np.unique(meeting[1]))))
    return found


def components(mask: BoolArray, voxel_mm3: float, min_lesion_mm3: float = 0.0) -> tuple[IntArray, int]:
    """Each voxel's component from 1, 0 outside and in those below the volume, same shape; and how many are left."""
    numbered, found = scipy.ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    numbers: IntArray = np.asarray(numbered, np.int64)
    sizes = np.bincount(numbers.ravel(), minlength=found + 1) * voxel_mm3
    small = sizes < min_lesion_mm3 * (1 - ROUNDING)
    small[0] = True
    numbers[small[numbers]] = 0
    return numbers, int((~small).sum())
