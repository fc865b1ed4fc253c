"""From a data folder to the appearances that the samples are drawn from.

Owns which training cases are taken, and how each kind is brought into one frame. Cases are read and prepared as for
training, by the recipes of the models that ship; no case of another split is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter, label, map_coordinates

from core.samples.align import Aligned, align
from core.samples.appearance import Appearance
from core.samples.fitting import Pictures, Size, fit, shrunk
from core.samples.frames import HEAD_GRID, HEAD_MARGIN, HEAD_VOXEL_MM, LESION_RADII
from core.training.dataset import Cases, Folder, Row, as_taught, class_index, in_groups, prepare
from core.training.recipe import TrainConfig

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]

FILMS_OF_A_CLASS = 360
"""Of different patients, evenly over the table: more change the modes little and cost minutes."""

FILM = Size(modes=28, shapes=16, coarse=(112, 112), sparse=(28, 28), grain_axes=2)
HIPPOCAMPUS = Size(modes=8, shapes=10, coarse=(24, 32, 24), sparse=(12, 16, 12), grain_axes=3)
HEAD = Size(modes=6, shapes=6, coarse=(24, 24, 28), sparse=(12, 12, 14), grain_axes=2)
LESION = Size(modes=5, shapes=0, coarse=(16, 20, 20), sparse=(1, 1, 1), grain_axes=2)

FAR = 8.0
"""Distances from a border beyond this, in voxels or shares of a radius, say nothing more."""

FILM_NOTICE = (
    "SYNTHETIC. Drawn from an appearance model of Kermany, Zhang, Goldbaum: Labeled OCT and Chest X-Ray Images for "
    "Classification, Mendeley Data v2, 2018 (CC BY 4.0). Nobody's image. Research use only."
)
HIPPOCAMPUS_NOTICE = (
    "SYNTHETIC. Drawn from an appearance model of Medical Segmentation Decathlon, Task 04 (Antonelli et al., 2022), "
    "CC BY-SA 4.0, share-alike. Nobody's image. Research use only."
)
FLAIR_NOTICE = (
    "SYNTHETIC. Drawn from an appearance model of TCGA-LGG FLAIR with masks of Buda et al., 2019: CC BY-NC-SA 4.0, "
    "NON-COMMERCIAL, share-alike. Nobody's image. Research use only."
)


def learn_films(data: Path, recipe: TrainConfig) -> Appearance:
    """Films of two classes, one of a patient; facts: log of width over height, mean and spread of grey in 0..1."""
    folder = Folder(data)
    try:
        rows = _one_a_patient(in_groups(folder.rows(recipe.data.tables), recipe.data.train))
        grey, facts = [], []
        for row in rows:
            study = folder.study(row.image)
            grey.append(as_taught(study, recipe.input).array[0])
            shown = study.pixels[0] / 255
            # A film of the squashed set has lost its width: its facts count the mean of the others.
            rows_px, columns_px = study.shape
            width = np.log(columns_px / rows_px) if columns_px != rows_px else np.nan
            facts.append((width, shown.mean(), shown.std()))
    finally:
        folder.close()
    pictures = np.stack(grey)
    known = np.array(facts, np.float32)
    # The classes differ in width; a sample's width must not tell its class, so all are given the same ones.
    wide = known[~np.isnan(known[:, 0]), 0]
    known[:, 0] = np.random.default_rng(0).permutation(np.resize(wide, len(known)))
    groups = np.array([class_index(row, recipe) for row in rows])
    aligned = align(np.stack([_even(shrunk(one, (56, 56)))[None] for one in pictures]))
    empty = np.zeros((len(rows), 0, *pictures.shape[1:]), np.float32)
    return fit(Pictures(pictures, empty, groups, known), aligned, FILM, FILM_NOTICE)


def learn_hippocampus(data: Path, recipe: TrainConfig) -> Appearance:
    """Crops round a hippocampus with the signed distances from its two parts, in voxels of 1 mm."""
    cases = _taught(data, recipe)
    grey = np.stack([_filled(image[0]) for image in cases.images])
    maps = np.stack([[_signed(target == part) for part in (1, 2)] for target in cases.targets])
    half = tuple(side // 2 for side in grey.shape[1:])
    seen = [
        [shrunk(one, half), *(2 * shrunk(_soft(part), half) for part in parts)]
        for one, parts in zip(grey, maps, strict=True)
    ]
    pictures = Pictures(grey, maps, np.zeros(len(grey), np.int64), np.zeros((len(grey), 1), np.float32))
    return fit(pictures, align(np.array(seen, np.float32)), HIPPOCAMPUS, HIPPOCAMPUS_NOTICE)


def learn_flair(data: Path, recipe: TrainConfig) -> tuple[Appearance, Appearance]:
    """Heads without their tumours, and tumours by themselves.

    A head's map is the signed distance from its border; its facts, the sides of its box in the plane, in pixels.
    A lesion's grey is its signed distance in radii; its facts: log of the radius in mm, how much brighter it is than
    the other side of the head, and where it lies in the head's frame (slices, left, front).
    """
    cases = _taught(data, recipe)
    boxes = [head_box(image[0]) for image in cases.images]
    tumours = [target > 0 for target in cases.targets]
    framed = np.stack([in_box(image[0], box) for image, box in zip(cases.images, boxes, strict=True)])
    inside = [in_box(tumour.astype(np.float32), box) > 0.5 for tumour, box in zip(tumours, boxes, strict=True)]
    healthy = np.stack([_mended(one, ill) for one, ill in zip(framed, inside, strict=True)])
    both = np.concatenate([healthy, healthy[:, :, ::-1]])  # a head and its mirror image: heads have no side
    half = (HEAD_GRID[0], HEAD_GRID[1] // 2, HEAD_GRID[2] // 2)
    aligned = align(np.stack([np.clip(shrunk(one, half), -1.5, 2.5)[None] for one in both]))
    maps = np.stack([_signed(one != 0)[None] for one in both])
    sides = np.array([box[1:, 1] - box[1:, 0] for box in boxes], np.float32)
    heads = Pictures(both, maps, np.zeros(len(both), np.int64), np.concatenate([sides, sides]))
    found = [_lesion(ill, *pair) for ill, *pair in zip(inside, framed, healthy, strict=True)]
    shapes = np.stack([shape for shape, _ in found])
    none = np.zeros((len(shapes), 0, *shapes.shape[1:]), np.float32)
    lesions = Pictures(shapes, none, np.zeros(len(shapes), np.int64), np.stack([facts for _, facts in found]))
    still = np.zeros((len(shapes), 3, *shapes.shape[1:]), np.float32)
    return (
        fit(heads, aligned, HEAD, FLAIR_NOTICE),
        fit(lesions, Aligned(shapes.mean(0)[None], still, still), LESION, FLAIR_NOTICE),
    )


def _taught(data: Path, recipe: TrainConfig) -> Cases:
    folder = Folder(data)
    try:
        return prepare(folder, in_groups(folder.rows(recipe.data.tables), recipe.data.train), recipe)
    finally:
        folder.close()


def _one_a_patient(rows: Sequence[Row]) -> list[Row]:
    """The first film of each patient in a class, of every class as many, evenly over the table."""
    first = list({(row.label, row.patient): row for row in reversed(rows)}.values())[::-1]
    chosen = []
    for name in dict.fromkeys(row.label for row in first):
        held = [row for row in first if row.label == name]
        chosen += [held[i] for i in np.linspace(0, len(held) - 1, min(FILMS_OF_A_CLASS, len(held))).astype(int)]
    return chosen


def _even(picture: Float) -> Float:
    """Half of it with its contrast made even over the picture, so that dark and bright films pull alike."""
    mean = gaussian_filter(picture, 6)
    spread = np.sqrt(gaussian_filter(np.square(picture - mean), 6) + 0.02)
    mixed: Float = ((picture - mean) / spread + picture) / 2
    return mixed


def _signed(inside: Bool) -> Float:
    """Distance from the border in samples, positive inside, at most FAR."""
    if not inside.any() or inside.all():
        return np.full(inside.shape, FAR if inside.any() else -FAR, np.float32)
    within, beyond = distance_transform_edt(inside), distance_transform_edt(~inside)
    return np.asarray(np.clip(np.where(inside, within - 0.5, 0.5 - beyond), -FAR, FAR), np.float32)


def _soft(distance: Float) -> Float:
    """A border two samples wide."""
    return np.asarray(1 / (1 + np.exp(-distance)), np.float32)


def _filled(crop: Float) -> Float:
    """A crop whose padding of zeros is replaced by its nearest samples: a border there is none of the anatomy's."""
    spans = []
    for axis in range(crop.ndim):
        held = np.flatnonzero((crop != 0).any(axis=tuple(a for a in range(crop.ndim) if a != axis)))
        spans.append((int(held[0]), int(held[-1]) + 1))
    core = crop[tuple(slice(*span) for span in spans)]
    return np.pad(core, [(low, side - high) for (low, high), side in zip(spans, crop.shape, strict=True)], mode="edge")


def head_box(head: Float) -> Float:
    """First and last slice, and the sides in the plane of the upper half: (3, 2)."""
    inside = head != 0
    areas = inside.sum(axis=(1, 2))
    held = np.flatnonzero(areas > np.percentile(areas, 90) / 4)
    low, high = int(held[0]), int(held[-1])
    upper = inside[(low + high) // 2 : int(low + (high - low) * 0.85)].mean(axis=0) > 0.3
    sides = [np.flatnonzero(upper.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    return np.array([(low, high), *sides], np.float32)


def in_box(picture: Float, box: Float) -> Float:
    """A head's picture on HEAD_GRID, its box filling it but for the margin."""
    margins = (0.0, HEAD_MARGIN, HEAD_MARGIN)
    lines = [
        np.linspace(low - margin * (high - low), high + margin * (high - low), n)
        for (low, high), margin, n in zip(box, margins, HEAD_GRID, strict=True)
    ]
    plane = (0, *(0.4 * (line[1] - line[0]) for line in lines[1:]))  # samples lie further apart than pixels
    at = np.stack(np.meshgrid(*lines, indexing="ij"))
    out: Float = map_coordinates(gaussian_filter(picture, plane), at, order=1, mode="constant", cval=0.0)
    return np.where(np.abs(out) < 1e-4, 0.0, out).astype(np.float32)


def _mended(head: Float, ill: Bool) -> Float:
    """The head with its tumour replaced by what lies on the other side."""
    around = binary_dilation(ill, np.ones((1, 3, 3)), 3)
    ramp = gaussian_filter(around.astype(np.float32), (0, 2, 2))
    mended: Float = head * (1 - ramp) + head[:, ::-1] * ramp
    return mended


def _lesion(ill: Bool, seen: Float, mended: Float) -> tuple[Float, Float]:
    """The largest tumour, turned to the left side: its signed distance in radii in its own frame, and its facts."""
    parts, count = label(ill)
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:]))
    brighter = float(seen[largest].mean() - mended[:, ::-1][largest].mean())
    voxel = np.array(HEAD_VOXEL_MM)
    radius = float((largest.sum() * voxel.prod() * 0.75 / np.pi) ** (1 / 3))
    within = distance_transform_edt(largest, sampling=HEAD_VOXEL_MM)
    beyond = distance_transform_edt(~largest, sampling=HEAD_VOXEL_MM)
    distance = np.clip((within - beyond) / radius, -FAR, FAR)
    centre = np.argwhere(largest).mean(axis=0)
    lines = [
        middle + np.linspace(-LESION_RADII, LESION_RADII, n) * radius / step
        for middle, step, n in zip(centre, voxel, LESION.coarse, strict=True)
    ]
    shape = map_coordinates(distance, np.stack(np.meshgrid(*lines, indexing="ij")), order=1, mode="nearest")
    where = centre / np.array(HEAD_GRID)
    if where[1] > 0.5:  # RAS: from left to right
        shape, where[1] = shape[:, ::-1], 1 - where[1]
    return np.asarray(shape, np.float32), np.array([np.log(radius), brighter, *where], np.float32)
