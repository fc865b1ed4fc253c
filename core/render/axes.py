"""The display grid: a volume's axes put in the order and direction nearest to R, A, S.

Owns how a voxel of the picture is found on the study's own grid, and back. Nothing is resampled:
axes are permuted and turned round, so every displayed value is a stored one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.studies.study import Kind, Study

EDGE_NAMES = {"H": "S", "F": "I"}
"""DICOM says Head and Foot where the letters on our screen say Superior and Inferior."""

OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S"}


@dataclass(frozen=True, slots=True, eq=False)
class DisplayGrid:
    """Where the picture's voxels lie.

    shape : (x, y, z) of the picture; (columns, rows) of a film.
    spacing_mm : in the picture's order; None when unknown.
    to_native : (4, 4) int, picture index to native voxel; (3, 3) of a film, (x, y, 1) to (row, column, 1).
    affine : (4, 4) picture index to RAS+ mm; None for a film.
    """

    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None
    to_native: NDArray[np.int64]
    affine: NDArray[np.float64] | None
    orientation: NDArray[np.float64] | None

    def view(self, array: NDArray[Any]) -> NDArray[Any]:
        """A spatial array of the study, (i, j, k) or (rows, columns), as a view in the picture's axes."""
        if self.orientation is None:
            return array.T if array.ndim == 2 else array
        from nibabel.orientations import apply_orientation  # a film has none, and need not wait for NiBabel

        turned: NDArray[Any] = apply_orientation(array, self.orientation)
        return turned


def display_grid(study: Study) -> DisplayGrid:
    """The picture grid of a study; a volume without orientation keeps its stored axes."""
    spacing = study.geometry.spacing_mm
    if study.kind is Kind.FILM:
        swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.int64)
        return DisplayGrid(study.shape[::-1], spacing[::-1] if spacing else None, swap, None, None)
    affine = study.geometry.affine
    if affine is None or study.geometry.orientation is None:
        placed = affine if affine is not None else np.diag([*(spacing or (1.0, 1.0, 1.0)), 1.0])
        return DisplayGrid(study.shape, spacing, np.eye(4, dtype=np.int64), placed, None)
    from nibabel.orientations import inv_ornt_aff, io_orientation

    orientation = io_orientation(affine)
    back = inv_ornt_aff(orientation, study.shape)
    to_native = np.rint(back).astype(np.int64)
    # Row i of the orientation names the picture axis that native axis i becomes.
    source = [int(np.flatnonzero(orientation[:, 0] == axis)[0]) for axis in range(3)]
    return DisplayGrid(
        shape=tuple(study.shape[i] for i in source),
        spacing_mm=tuple(spacing[i] for i in source) if spacing else None,
        to_native=to_native,
        affine=affine @ to_native,
        orientation=orientation,
    )


def film_edges(study: Study) -> dict[str, str] | None:
    """The letters at a film's four edges, from DICOM Patient Orientation (PS3.3 C.7.6.1.1.1); None when unknown."""
    edges = study.geometry.edges
    if study.kind is not Kind.FILM or edges is None:
        return None
    right, bottom = ("".join(EDGE_NAMES.get(letter, letter) for letter in edge) for edge in edges)
    if not right or not bottom or set(right + bottom) - set(OPPOSITE):
        return None
    left, top = ("".join(OPPOSITE[letter] for letter in edge) for edge in (right, bottom))
    return {"left": left, "right": right, "top": top, "bottom": bottom}
