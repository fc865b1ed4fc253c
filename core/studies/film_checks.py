"""Doubts about a film's pixels, the same whatever file it came in.

Owns the two warnings and the one refusal; whether a film is one that a model knows is judged by the model's admission.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import DamagedFile

SMALL_SIDE: Final = 64
"""Pixels. A film with a shorter side is a thumbnail or a stub."""


LARGEST: Final = float(np.finfo(np.float32).max) / 4
"""Beyond it a study's own arithmetic (a window turned over, a range) would leave float32."""


def require_finite(name: str, values: NDArray[Any]) -> None:
    """Refuse a film with values that are no numbers or too large to compute with.

    Raises
    ------
    DamagedFile
    """
    if values.dtype.kind != "f":
        return
    bad = int((~(np.abs(values) <= LARGEST)).sum())
    if bad:
        raise DamagedFile(
            found=f"{bad} of the {values.size} values of {name} are not a number, infinite or beyond {LARGEST:.0e}.",
            why="A film has a grey value everywhere.",
            do="Export the picture again with 8 or 16 bits.",
        )


def film_warnings(values: NDArray[Any]) -> tuple[str, ...]:
    """Sentences about a film that is too small or blank; values: (rows, columns)."""
    warnings = []
    if min(values.shape) < SMALL_SIDE:
        warnings.append(f"The film is very small: {values.shape[1]} x {values.shape[0]} pixels.")
    if values.min() == values.max():
        warnings.append("The film is blank: all pixels have one value.")
    return tuple(warnings)
