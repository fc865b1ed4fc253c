"""Measures of an affine: spacing, letters, obliquity, shear.

Owns the tolerances that decide whether axes make a box. Which affine a file has is told by its reader.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from nibabel.affines import obliquity
from nibabel.orientations import aff2axcodes
from numpy.typing import NDArray

from core.studies.study import Geometry

Affine = NDArray[np.float64]  # (4, 4), voxel index to RAS+ millimetres

MAX_SHEAR_DEG: Final = 0.5
"""Largest departure from a right angle that still counts as a box: its volume is then wrong by less than 0.01 %.
Header rounding stays far below; a tilted CT gantry starts near one degree."""

NEARLY_DIAGONAL_DEG: Final = 40.0
"""Beyond this angle the nearest patient axis is close to a coin toss (45 degrees is the toss itself)."""

_SPACING_DIGITS: Final = 6
"""Significant digits of a spacing: what the float32 numbers of a header carry. The affine keeps every digit."""

LPS_TO_RAS: Final = np.diag([-1.0, -1.0, 1.0])
"""DICOM's patient axes run to Left and Posterior, ours (NIfTI's) to Right and Anterior: two rows change sign."""


def spacing_of(affine: Affine) -> tuple[float, float, float]:
    """Voxel size in mm along i, j and k: the lengths of the affine's columns."""
    i, j, k = (float(f"{length:.{_SPACING_DIGITS}g}") for length in np.linalg.norm(affine[:3, :3], axis=0))
    return i, j, k


def shear_deg(affine: Affine) -> float:
    """Largest departure of two axes from a right angle, in degrees; 0 for a box."""
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    cosines = np.abs([unit[:, 0] @ unit[:, 1], unit[:, 0] @ unit[:, 2], unit[:, 1] @ unit[:, 2]])
    return float(np.degrees(np.arcsin(np.clip(cosines.max(), 0.0, 1.0))))


def volume_geometry(affine: Affine, *, known: bool = True) -> Geometry:
    """The geometry of a volume from its affine; `known` false keeps the spacing and no orientation."""
    spacing = spacing_of(affine)
    if not known:
        return Geometry(spacing_mm=spacing, affine=np.diag([*spacing, 1.0]))
    return Geometry(
        spacing_mm=spacing,
        affine=np.asarray(affine, dtype=np.float64),
        orientation="".join(aff2axcodes(affine)),
        oblique_deg=float(np.degrees(obliquity(affine).max())),
    )


def oblique_warnings(geometry: Geometry) -> tuple[str, ...]:
    """A warning where a volume lies so far off the patient's axes that its letters mean little."""
    if geometry.oblique_deg < NEARLY_DIAGONAL_DEG:
        return ()
    return (
        f"The volume lies {geometry.oblique_deg:.0f} degrees off the patient's axes: "
        "left, front and up on screen are only the nearest ones.",
    )
