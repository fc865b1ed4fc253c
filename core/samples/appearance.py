"""What pictures of one kind look like, in few numbers: a mean, how it varies in grey and in shape, and its grain.

Owns the model, its file and drawing from it. How it is fitted is told in `fitting`; what is made of a draw, in `films`
and `volumes`. Nothing here can give back a picture that it was fitted to: a few modes of many hundred pictures, or of
a few dozen volumes, hold none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, zoom

from core.models.tensor_file import read_arrays, read_header, write_tensors

Float = NDArray[np.float32]

SCHEMA = "readroom.appearance/1"


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """A Gaussian over grey and shape of aligned pictures, one for each group (class) of them.

    mean : (*grid) standardised grey. modes : (k, *coarse) unit steps of grey. maps : (m, *coarse) signed maps of what
    is inside a label or the head, positive inside. fields : (1 + h, axes, *sparse) the mean and the unit steps of the
    displacement that leads from a drawn picture to the mean, in shares of the grid. centre : (g, k + h).
    factor : (g, k + h, k + h), its product with its transpose is the covariance. facts : (g, f) means, then
    (g, f, f) factors, of what else is drawn. spread : (*coarse) of what the modes leave. rings : (r,) relative
    amplitude of that rest by spatial frequency, 0 to half a cycle a sample.
    notice : licence and origin, which go with whatever is drawn.
    """

    mean: Float
    modes: Float
    maps: Float
    fields: Float
    centre: Float
    factor: Float
    facts: Float
    facts_factor: Float
    spread: Float
    rings: Float
    notice: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid that a draw lies on."""
        return self.mean.shape


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One draw. grey : (*grid) standardised, without grain. maps : (m, *grid), positive inside. grain : (*grid).
    facts : (f,).
    """

    grey: Float
    maps: Float
    grain: Float
    facts: Float


def write_appearance(path: Path, made: Appearance) -> None:
    """Write it in half precision, always the same bytes for the same numbers."""
    arrays = {
        field.name: getattr(made, field.name).astype(np.float16) for field in fields(made) if field.name != "notice"
    }
    write_tensors(path, arrays, {"schema": SCHEMA, "notice": made.notice})


def read_appearance(path: Path) -> Appearance:
    """The appearance in that file; raises CheckpointError where it is damaged."""
    header = read_header(path)
    held: dict[str, Any] = {name: array.astype(np.float32) for name, array in read_arrays(path, header).items()}
    return Appearance(**held, notice=header.metadata["notice"])


def draw(
    made: Appearance, rng: np.random.Generator, *, share: float = 0.0, shape_share: float = 0.7, axes: int | None = None
) -> Drawn:
    """One picture that never was.

    Parameters
    ----------
    share : 0 the first group, 1 the last; between them, a mixture of both. shape_share : how much of the spread of
    shapes is used: far out a displacement folds. axes : of the grid's last axes, along which grain is correlated.
    """
    grid, k = made.shape, len(made.modes)
    dice: Float = np.asarray(rng.normal(size=made.centre.shape[1]), np.float32)
    dice[k:] *= shape_share
    place = _mix(made.centre, share) + _mix(made.factor, share) @ dice
    grey = made.mean + resized(np.tensordot(place[:k], made.modes, 1), grid)
    field = made.fields[0] + np.tensordot(place[k:], made.fields[1:], 1)
    at = np.indices(grid, dtype=np.float32)
    at += np.stack([resized(part, grid) * side for part, side in zip(field, grid, strict=True)])
    layers = [grey, *(resized(one, grid) for one in made.maps)]
    moved = [map_coordinates(layer, at, order=1, mode="nearest") for layer in layers]
    grain = _grain(made, rng, len(grid) if axes is None else axes) * resized(made.spread, grid)
    facts = _mix(made.facts, share) + _mix(made.facts_factor, share) @ rng.normal(size=made.facts.shape[1])
    layers_drawn = np.array(moved, np.float32)
    return Drawn(layers_drawn[0], layers_drawn[1:], grain, np.asarray(facts, np.float32))


def resized(array: Float, shape: tuple[int, ...], order: int = 1) -> Float:
    """`array` on another grid over the same extent, edges meeting edges."""
    if array.shape == shape:
        return array
    steps = [to / n for to, n in zip(shape, array.shape, strict=True)]
    out: Float = zoom(array, steps, order=order, mode="nearest", grid_mode=True)
    return out


def ring_numbers(shape: tuple[int, ...], rings: int) -> NDArray[np.int64]:
    """Which ring of spatial frequency each coefficient of a Fourier transform of that shape belongs to."""
    squared = sum(np.square(part) for part in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij", sparse=True))
    return np.asarray(np.minimum(np.sqrt(squared) * 2 * rings, rings - 1), np.int64)


def _mix(groups: Float, share: float) -> Float:
    """Between the first group and the last."""
    mixed: Float = (1 - share) * groups[0] + share * groups[-1]
    return mixed


def _grain(made: Appearance, rng: np.random.Generator, axes: int) -> Float:
    """Noise of unit spread with the rings' spectrum along the last `axes`."""
    along = tuple(range(len(made.shape) - axes, len(made.shape)))
    white = np.fft.fftn(rng.normal(size=made.shape), axes=along)
    tone = made.rings[ring_numbers(made.shape[-axes:], len(made.rings))]
    grain = np.fft.ifftn(white * tone, axes=along).real
    return np.asarray(grain / grain.std(), np.float32)
