"""Planes of a study as they are seen: grey pictures, overlay masks and letters, in screen order.

Owns the radiological convention for exports; the viewer has the same in its own language
(`panes.js`), and a test in the browser holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.render.axes import DisplayGrid, display_grid, film_edges
from core.studies.study import Kind, Study, Window

Rows = NDArray[Any]  # (rows, columns), row 0 at the top of the screen

PLANES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
"""Picture axes across the screen, down it, and through it. Both screen axes run against the picture's."""

LETTERS = {"axial": ("R", "L", "A", "P"), "coronal": ("R", "L", "S", "I"), "sagittal": ("A", "P", "S", "I")}
"""At the left, right, top and bottom edge."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane to draw.

    name : 'film', 'axial', 'coronal' or 'sagittal'. number, of : slice counted from 1; 0 for a film.
    mm : height and width of a pixel (1, 1 where unknown). letters : left, right, top, bottom; or None.
    """

    name: str
    number: int
    of: int
    mm: tuple[float, float]
    letters: tuple[str, str, str, str] | None
    index: tuple[int, ...]
    grid: DisplayGrid

    def cut(self, array: NDArray[Any]) -> Rows:
        """This plane of a spatial array on the study's own grid, as it is seen."""
        if self.name == "film":
            return array
        through = PLANES[self.name][2]
        slab: Rows = np.take(self.grid.view(array), self.index[through], axis=through)
        # What is left of the picture's axes is (across, down), in this order in all three planes.
        return slab[::-1, ::-1].T


def film_plane(study: Study) -> Plane:
    """The whole film."""
    edges = film_edges(study)
    letters = (edges["left"], edges["right"], edges["top"], edges["bottom"]) if edges else None
    spacing = study.geometry.spacing_mm
    return Plane("film", 0, 0, (spacing[0], spacing[1]) if spacing else (1.0, 1.0), letters, (), display_grid(study))


def volume_plane(study: Study, name: str, index: tuple[int, ...]) -> Plane:
    """The plane of this name through a picture index (x, y, z)."""
    grid = display_grid(study)
    across, down, through = PLANES[name]
    mm = grid.spacing_mm or (1.0, 1.0, 1.0)
    known = study.geometry.orientation is not None
    return Plane(
        name=name,
        number=index[through] + 1,
        of=grid.shape[through],
        mm=(mm[down], mm[across]),
        letters=LETTERS[name] if known else None,
        index=index,
        grid=grid,
    )


def point_of_interest(study: Study, overlay: NDArray[Any] | None) -> tuple[int, ...]:
    """Picture index where the axial slice has most overlay, at the voxel nearest to its middle there.

    overlay : labels or a heat map (its upper half counts) on the study's own grid; the middle of the
        volume where there is none.
    """
    grid = display_grid(study)
    middle = tuple(size // 2 for size in grid.shape)
    if overlay is None or not overlay.any():
        return middle
    marked = grid.view(overlay > (overlay.max() / 2 if overlay.dtype.kind == "f" else 0))
    z = int(np.argmax(np.count_nonzero(marked, axis=(0, 1))))
    places = np.argwhere(marked[:, :, z])
    x, y = places[np.argmin(((places - places.mean(axis=0)) ** 2).sum(axis=1))]
    return int(x), int(y), z


def greys(values: Rows, window: Window) -> NDArray[np.uint8]:
    """Values through a window: low and below is 0, high and above 255, as the viewer draws them."""
    span = window.high - window.low or 1.0
    shares = np.nan_to_num((values - window.low) / span, nan=0.0)
    return np.rint(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)


def planes_of(study: Study, overlay: NDArray[Any] | None) -> list[Plane]:
    """What one picture of the study shows: the film, or three planes through the point of interest."""
    if study.kind is Kind.FILM:
        return [film_plane(study)]
    index = point_of_interest(study, overlay)
    return [volume_plane(study, name, index) for name in PLANES]
