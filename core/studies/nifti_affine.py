"""Where a NIfTI volume lies: sform before qform, and what to say when they differ or are missing.

Owns the priority and the tolerance. Measures of an affine are in `geometry`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from nibabel.nifti1 import Nifti1Header

from core.errors import GeometryError
from core.studies.faults import DECODER_FAULTS
from core.studies.geometry import MAX_SHEAR_DEG, Affine, shear_deg, spacing_of, volume_geometry
from core.studies.notes import Notes
from core.studies.study import Geometry

MAX_FORM_GAP_MM: Final = 1.0
"""Largest distance between the two placements of one voxel that is still rounding: below the finest clinical voxel."""

LEAST_VOXEL_MM: Final = 1e-5
"""Ten nanometres: finer than any optical microscope."""
LARGEST_VOXEL_MM: Final = 1e4
"""Ten metres: larger than any body."""

_TO_MM: Final = {1: 1000.0, 3: 0.001}
"""Unit codes of xyzt_units for metre and micrometre (nifti1.h); 2 is the millimetre, 0 says nothing and means it."""


def find_geometry(name: str, header: Nifti1Header) -> tuple[Geometry, Notes]:
    """The volume's geometry: its sform, else its qform, else the voxel size alone without an orientation.

    Raises
    ------
    GeometryError : a voxel size of zero, axes that are not perpendicular, or a broken affine.
    """
    notes = Notes()
    sform, qform = _form(header, "sform"), _form(header, "qform")
    scale = _TO_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    affine = sform if sform is not None else qform
    if affine is None:
        sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
        affine = np.diag([*sizes, 1.0])
    if scale != 1.0:
        affine = np.diag([scale, scale, scale, 1.0]) @ affine
        notes.changed.append("lengths were converted to millimetres")
    _require_box(name, affine)
    if sform is None and qform is None:
        notes.warnings.append("The file does not say how the volume lies: left and right are unknown.")
        return volume_geometry(affine, known=False), notes
    if sform is not None and qform is not None:
        gap = _largest_gap_mm(sform, qform, header) * scale
        if gap > MAX_FORM_GAP_MM:
            notes.warnings.append(f"The file gives two places up to {gap:.1f} mm apart; the sform was taken.")
    return volume_geometry(affine), notes


def _form(header: Nifti1Header, which: str) -> Affine | None:
    """One of the two affines; None where its code is 0 or it is broken."""
    if int(header[f"{which}_code"]) <= 0:
        return None
    try:
        affine = np.asarray(header.get_sform() if which == "sform" else header.get_qform(), dtype=np.float64)
    except DECODER_FAULTS:
        return None
    return affine if np.isfinite(affine).all() else None


def _require_box(name: str, affine: Affine) -> None:
    sizes = spacing_of(affine)
    if not all(LEAST_VOXEL_MM <= size <= LARGEST_VOXEL_MM for size in sizes) or not np.isfinite(affine).all():
        raise GeometryError(
            found=f"{name} gives a voxel size of {' x '.join(f'{size:.4g}' for size in sizes)} mm.",
            why=f"Volumes and lengths can be measured from {LEAST_VOXEL_MM} to {LARGEST_VOXEL_MM:g} mm.",
            do="Export the volume again with its voxel size and orientation.",
        )
    if (shear := shear_deg(affine)) > MAX_SHEAR_DEG:
        raise GeometryError(
            found=f"The axes of {name} are {shear:.1f} degrees away from a right angle "
            f"(at most {MAX_SHEAR_DEG} is rounding).",
            why="A sheared volume would be shown and measured as a box that it is not.",
            do="Resample it to perpendicular axes.",
        )


def _largest_gap_mm(first: Affine, second: Affine, header: Nifti1Header) -> float:
    """Largest distance between the two placements of a corner of the volume, in the file's unit."""
    ends = [int(size) - 1 for size in header["dim"][1:4]]
    corners = np.array([[i, j, k, 1] for i in (0, ends[0]) for j in (0, ends[1]) for k in (0, ends[2])])
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())
