"""Small studies made by hand: this room is tested without a reader."""

from __future__ import annotations

import hashlib

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from core.inference.prediction import Prediction, Provenance
from core.studies.study import Geometry, IngestReport, Kind, Study, Window


def report(shape, spacing, orientation) -> IngestReport:
    return IngestReport(
        recognised="made by hand",
        files=1,
        sha256=hashlib.sha256(repr((shape, orientation)).encode()).hexdigest(),
        pixel_sha256="0" * 64,
        shape=tuple(shape),
        spacing_mm=spacing,
        orientation=orientation,
    )


def volume(pixels: np.ndarray, affine: np.ndarray | None = None, window: Window | None = None) -> Study:
    """One channel (i, j, k) with its affine; None leaves the orientation unknown."""
    known = affine is not None
    affine = np.eye(4) if affine is None else np.asarray(affine, float)
    spacing = tuple(float(s) for s in np.linalg.norm(affine[:3, :3], axis=0))
    codes = "".join(nib.aff2axcodes(affine)) if known else None
    cosines = np.abs(affine[:3, :3] / spacing).max(axis=0)
    geometry = Geometry(spacing, affine, codes, None, float(np.degrees(np.arccos(np.clip(cosines.min(), 0, 1)))))
    window = window or Window(float(pixels.min()), float(pixels.max()) or 1.0, "percentiles 1 to 99")
    return Study(
        Kind.VOLUME,
        pixels[None].astype(np.float32),
        ("image",),
        (window,),
        geometry,
        report(pixels.shape, spacing, codes),
    )


def film(pixels: np.ndarray, edges=None, spacing=None, window: Window | None = None) -> Study:
    """One film (rows, columns)."""
    window = window or Window(0.0, 255.0, "bit depth")
    geometry = Geometry(spacing, None, None, edges)
    told = report(pixels.shape, spacing, None)
    return Study(Kind.FILM, pixels[None].astype(np.float32), ("image",), (window,), geometry, told)


def stored_as(pixels_ras: np.ndarray, affine_ras: np.ndarray, codes: str) -> tuple[np.ndarray, np.ndarray]:
    """The same head in another axis order: array and affine as a file with these axis codes would hold them."""
    change = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    array = nib.orientations.apply_orientation(pixels_ras, change)
    return np.ascontiguousarray(array), affine_ras @ inv_ornt_aff(change, pixels_ras.shape)


def all_axis_codes() -> list[str]:
    """The 48 ways to store a box: 6 orders times 8 directions."""
    from itertools import permutations, product

    pairs = [("R", "L"), ("A", "P"), ("S", "I")]
    return [
        "".join(pair[side] for pair, side in zip(order, sides, strict=True))
        for order in permutations(pairs)
        for sides in product((0, 1), repeat=3)
    ]


def head() -> tuple[np.ndarray, np.ndarray]:
    """A small head in RAS, different along every axis, bright at the patient's left front top; and its affine."""
    x, y, z = np.meshgrid(np.linspace(-1, 1, 24), np.linspace(-1, 1, 30), np.linspace(-1, 1, 18), indexing="ij")
    inside = x**2 + y**2 + z**2 < 0.9
    pixels = np.where(inside, 300 + 100 * x + 60 * y + 30 * z, 0)
    pixels[3:7, 20:25, 11:15] = 1000  # low x is the patient's left in RAS
    affine = np.array([[2.0, 0, 0, -24], [0, 2.0, 0, -30], [0, 0, 3.0, -27], [0, 0, 0, 1]])
    return np.rint(pixels).astype(np.int16), affine


def predicted(label_map=None, labels=(), *, heat=None, scores=None, thresholds=None) -> Prediction:
    """A prediction made by hand."""
    label_map = None if label_map is None else np.asarray(label_map).astype(np.uint8)
    voxels = {} if label_map is None else {n: int((label_map == v).sum()) for v, n in enumerate(labels, start=1)}
    scores = scores or {}
    return Prediction(
        model_id="test_model_v1.0.0",
        task="segmentation" if label_map is not None else "classification",
        input_sha256="1" * 64,
        weights_sha256="2" * 64,
        scores=scores,
        label_map=label_map,
        labels=tuple(labels),
        voxels=voxels,
        volumes_ml={name: count / 1000 for name, count in voxels.items()},
        heat=heat,
        heat_for=None if heat is None else next(iter(scores), "finding"),
        thresholds=thresholds or {},
        warnings=(),
        provenance=Provenance({}, "cpu", "float32", {}, {}),
    )
