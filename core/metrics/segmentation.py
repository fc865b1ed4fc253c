"""Figures of one mask against another on the same grid.

Owns overlap. The caller answers for the grids: shapes are checked here, affines are not known here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


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
    a, b = np.asarray(reference).astype(bool), np.asarray(prediction).astype(bool)
    if a.shape != b.shape:
        raise ValueError(f"masks of shape {a.shape} and {b.shape} do not lie on one grid")
    total = int(a.sum()) + int(b.sum())
    return None if total == 0 else 2 * int((a & b).sum()) / total


def volume_ml(mask: ArrayLike, spacing_mm: tuple[float, float, float]) -> float:
    """Volume inside the mask in millilitres: voxels times the voxel's volume."""
    return int(np.count_nonzero(np.asarray(mask))) * float(np.prod(spacing_mm)) / 1000
