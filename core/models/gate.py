"""What a model's training cases look like, in numbers, as they stand in its checkpoint.

Owns the figures and their form in the header. How they are made of pictures, and how a study is held against
them, is left to `core.inference.gate`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

MOST_VALUES = 1 << 20
"""Of one array in a header: twenty times what a gate of ours holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A Gaussian over descriptors of pictures, and the distance from which on a study is called unfamiliar.

    sides : of the thumbnail. thumbnail : (pixels,) mean. components : (k, pixels) orthonormal rows. centre, spread :
    (d,) of the descriptors. whitening : (d, d); a study's distance is the root mean square of
    `whitening @ ((descriptors - centre) / spread)`. cut_off : the largest distance that is still familiar.
    chosen_on : the cases that it was set on, in words.
    """

    sides: tuple[int, ...]
    thumbnail: Float
    components: Float
    centre: Float
    spread: Float
    whitening: Float
    cut_off: float
    chosen_on: str

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready values; `from_plain` undoes it without loss."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: _packed(value) if isinstance(value, np.ndarray) else list(value) if name == "sides" else value
            for name, value in values.items()
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Gate:
        """The gate that `to_plain` gave.

        Raises
        ------
        ValueError, KeyError, TypeError : it is none of ours, or its arrays do not fit each other.
        """
        sides = tuple(int(side) for side in plain["sides"])
        k, d = plain["components"]["shape"][0], plain["centre"]["shape"][0]
        pixels = plain["thumbnail"]["shape"][0]
        if len(sides) not in (2, 3) or min(sides) < 1 or pixels % int(np.prod(sides)):
            raise ValueError("the gate's thumbnail has other sides than it says")
        cut_off = float(plain["cut_off"])
        if not 0 < cut_off < np.inf:
            raise ValueError("the gate has no cut-off")
        return cls(
            sides=sides,
            thumbnail=_unpacked(plain["thumbnail"], (pixels,)),
            components=_unpacked(plain["components"], (k, pixels)),
            centre=_unpacked(plain["centre"], (d,)),
            spread=_unpacked(plain["spread"], (d,)),
            whitening=_unpacked(plain["whitening"], (d, d)),
            cut_off=cut_off,
            chosen_on=str(plain["chosen_on"]),
        )


def _packed(array: Float) -> dict[str, Any]:
    """Half precision: a distance moves by a thousandth, and the header stays small."""
    return {"shape": list(array.shape), "float16": base64.b64encode(array.astype("<f2").tobytes()).decode("ascii")}


def _unpacked(packed: Mapping[str, Any], shape: tuple[int, ...]) -> Float:
    if list(packed["shape"]) != list(shape) or not 0 < np.prod(shape, dtype=np.int64) <= MOST_VALUES:
        raise ValueError("an array of the gate has another shape than the rest asks for")
    values = np.frombuffer(base64.b64decode(packed["float16"], validate=True), "<f2")
    if values.size != np.prod(shape) or not np.isfinite(values).all():
        raise ValueError("an array of the gate is damaged")
    return values.astype(np.float32).reshape(shape)
