"""Volumes drawn from appearances, each with the label map that it was drawn from.

Owns geometry, grey scale and lettering of a drawn volume.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label, map_coordinates

from core.samples.appearance import Appearance, Drawn, draw, resized
from core.samples.frames import HEAD_MARGIN, HEAD_VOXEL_MM, LESION_RADII
from core.samples.lettering import word_in_slices

Float = NDArray[np.float32]

CROP: Final = (37, 50, 36)
"""Of a hippocampus sample, the median of the training crops; voxels of 1 mm."""

CROP_GRAIN: Final = 0.8
HEAD_GRAIN: Final = 1.0

SLICES: Final = 24
SIDE: Final = 256
"""Of a head: as many rows as columns."""

HEAD_SPACING_MM: Final = (0.9375, 0.9375, 5.4)

EDGE: Final = 0.08
"""Width of a lesion's border, in radii."""

LEAST_BRIGHTER: Final = 0.7
"""Of a lesion, in spreads of the head's grey: what is fainter cannot be told from the grain."""

PATCHES: Final = 0.25
"""Spread of a lesion's own grey, as a share of what it is brighter than its surroundings."""

NOTICE_BYTES: Final = 80
"""Of a NIfTI header's description."""


def write_hippocampus(image: Path, mask: Path, made: Appearance, seed: int) -> None:
    """Write the crop of that seed and its label map, 1 anterior and 2 posterior: RAS, 1 mm."""
    drawn = draw(made, np.random.default_rng(seed))
    cut = tuple(slice((n - side) // 2, (n - side) // 2 + side) for n, side in zip(made.shape, CROP, strict=True))
    grey = (drawn.grey + CROP_GRAIN * drawn.grain)[cut]
    maps = drawn.maps[(slice(None), *cut)]
    labels = np.where(maps.max(axis=0) > 0, 1 + maps.argmax(axis=0), 0).astype(np.uint8)
    values = _eight_bits(grey, low=-4.5, high=3.5)
    word = word_in_slices(CROP)
    values[word] = np.percentile(values, 98)
    labels[word] = 0
    _save(image, values, (1.0, 1.0, 1.0), made.notice)
    _save(mask, labels, (1.0, 1.0, 1.0), made.notice)


def write_flair(image: Path, mask: Path, head: Appearance, lesion: Appearance, seed: int) -> None:
    """Write the head of that seed and the mask of its lesion: RAS, HEAD_SPACING_MM."""
    rng = np.random.default_rng(seed)
    drawn = draw(head, rng, axes=2)
    distance, brighter = _placed(head, lesion, rng)
    inside = drawn.maps[0] > 0
    amount = 1 / (1 + np.exp(-np.clip(distance / EDGE, -30, 30)))
    patches = gaussian_filter(rng.normal(size=head.shape), (0.7, 2.5, 2.5))
    grey = drawn.grey + amount * brighter * (1 + PATCHES * patches / patches.std()) + HEAD_GRAIN * drawn.grain
    sides = [round(float(side) * (1 + 2 * HEAD_MARGIN)) for side in drawn.facts]
    shape = (SLICES, *(min(side, SIDE) for side in sides))
    values = _eight_bits(resized(grey, shape, order=1), low=-1.6, high=4.5)
    values[resized(inside.astype(np.float32), shape) < 0.5] = 0
    tumour = (resized(distance.astype(np.float32), shape) > 0) & (values > 0)
    image_rows, mask_rows = (_in_square(one) for one in (values, tumour.astype(np.uint8)))
    word = word_in_slices(image_rows.shape, cell=2) & (image_rows == 0)
    image_rows[word] = 90
    _save(image, image_rows, HEAD_SPACING_MM, head.notice)
    _save(mask, mask_rows, HEAD_SPACING_MM, head.notice)


def _placed(head: Appearance, lesion: Appearance, rng: np.random.Generator) -> tuple[Float, float]:
    """A lesion's signed distance, in radii, on the head's grid, and how much brighter it is."""
    drawn: Drawn = draw(lesion, rng, axes=2)
    size, brighter, *where = (float(fact) for fact in drawn.facts)
    shape = drawn.grey
    if rng.random() < 0.5:
        shape, where[1] = shape[:, ::-1], 1 - where[1]
    radius = np.exp(size)
    lines = []
    for axis, (n, middle, step) in enumerate(zip(head.shape, where, HEAD_VOXEL_MM, strict=True)):
        away = (np.arange(n) - middle * n) * step / radius
        lines.append((away / LESION_RADII + 1) / 2 * (shape.shape[axis] - 1))
    at = np.stack(np.meshgrid(*lines, indexing="ij"))
    distance = map_coordinates(shape, at, order=1, mode="constant", cval=float(shape.min()))
    parts, count = label(distance > 0)
    largest = 1 + int(np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:]))
    distance[(parts > 0) & (parts != largest)] = 0
    return distance, max(brighter, LEAST_BRIGHTER)


def _eight_bits(grey: Float, *, low: float, high: float) -> NDArray[np.int16]:
    """Standardised grey as 1..255: 0 is left for what is no tissue."""
    scaled: NDArray[np.int16] = np.clip(1 + 254 * (grey - low) / (high - low), 1, 255).astype(np.int16)
    return scaled


def _in_square(slices: NDArray[np.integer]) -> NDArray[np.integer]:
    """(slices, right to left, back to front) in the middle of a square, slices last."""
    room = [SIDE - n for n in slices.shape[1:]]
    wide = np.pad(slices, ((0, 0), *((left // 2, left - left // 2) for left in room)))
    return np.ascontiguousarray(np.moveaxis(wide, 0, 2))


def _save(path: Path, values: NDArray[np.integer], spacing: tuple[float, ...], notice: str) -> None:
    image = nib.Nifti1Image(values, np.diag([*spacing, 1.0]))
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = notice.encode("ascii")[:NOTICE_BYTES]
    nib.save(image, path)
