"""Distances between the surfaces of two masks, in millimetres.

Owns what a surface voxel is, how distances are found fast, and the two figures made of them. A surface voxel is
in the mask with a face neighbour outside it; outside the image is outside the mask. Distances join voxel centres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy

from core.metrics.counts import BoolArray, FloatArray

NSD_TOLERANCES_MM = (1.0, 2.0)
"""The tolerances of the normalised surface distance when nobody names others."""

NSD_SLACK_MM = 1e-6
"""A distance of exactly the tolerance is within it, whatever the rounding of voxel times spacing."""

TREE_VOXELS = 600_000
"""Up to this many surface voxels a mask a tree is faster than a distance map; both agree to 1e-9 mm."""


def surface_distances(
    reference: BoolArray, prediction: BoolArray, spacing_mm: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Distance in mm of each surface voxel of one mask to the other surface: (|SA|,) from the reference, (|SB|,) back.

    Both masks hold a voxel, and have one shape.
    """
    box = union_box(reference, prediction)
    a, b = surface(reference[box]), surface(prediction[box])
    spacing = np.asarray(spacing_mm, np.float64)
    if max(np.count_nonzero(a), np.count_nonzero(b)) > TREE_VOXELS:
        return _by_map(a, b, spacing), _by_map(b, a, spacing)
    return _by_tree(a, b, spacing), _by_tree(b, a, spacing)


def hausdorff_95(there: FloatArray, back: FloatArray) -> float:
    """The larger of the two directed 95th percentiles, by linear interpolation; not that of both lists pooled."""
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def surface_share(there: FloatArray, back: FloatArray, tolerance_mm: float) -> float:
    """Share of the surface voxels of both masks within a tolerance of the other: the voxel-count NSD.

    References
    ----------
    Nikolov et al. 2018, counted in voxels and not weighted by area.
    """
    within = sum(int((side <= tolerance_mm + NSD_SLACK_MM).sum()) for side in (there, back))
    return within / (len(there) + len(back))


def image_diagonal(shape: Sequence[int], spacing_mm: Sequence[float]) -> float:
    """The largest distance between two voxel centres of an image, mm: the worst a surface can be off."""
    return math.sqrt(sum(((n - 1) * step) ** 2 for n, step in zip(shape, spacing_mm, strict=True)))


def surface(mask: BoolArray) -> BoolArray:
    """The surface voxels of a mask, same shape."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        along, kept = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        kept[1:] &= along[:-1]
        kept[:-1] &= along[1:]
        kept[0] = kept[-1] = False
    return mask & ~inner


def union_box(reference: BoolArray, prediction: BoolArray) -> tuple[slice, ...]:
    """The box around both masks and one voxel more; a crop to it changes no figure."""
    either = reference | prediction
    box = []
    for axis in range(either.ndim):
        held = np.flatnonzero(either.any(axis=tuple(k for k in range(either.ndim) if k != axis)))
        box.append(slice(max(int(held[0]) - 1, 0), int(held[-1]) + 2))
    return tuple(box)


def _by_tree(these: BoolArray, others: BoolArray, spacing: FloatArray) -> FloatArray:
    """Distances from `these` to the nearest of `others`, in scan order; voxels on both surfaces are 0 at once."""
    apart = these & ~others
    distances = np.zeros(these.shape)
    if apart.any():
        tree = scipy.spatial.cKDTree(np.argwhere(others) * spacing, balanced_tree=False, compact_nodes=False)
        distances[apart] = tree.query(np.argwhere(apart) * spacing)[0]
    held: FloatArray = distances[these]
    return held


def _by_map(these: BoolArray, others: BoolArray, spacing: FloatArray) -> FloatArray:
    """The same through the exact distance map of `others`."""
    held: FloatArray = scipy.ndimage.distance_transform_edt(~others, sampling=tuple(spacing))[these]
    return held
