"""Doubts about a film's pixels, the same whatever file it came in.

Owns the two warnings; whether a film is one that a model knows is judged by the model's admission.
"""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import NDArray

SMALL_SIDE: Final = 64
"""Pixels. A film with a shorter side is a thumbnail or a stub."""


def film_warnings(values: NDArray[Any]) -> tuple[str, ...]:
    """Sentences about a film that is too small or blank; values: (rows, columns)."""
    warnings = []
    if min(values.shape) < SMALL_SIDE:
        warnings.append(f"The film is very small: {values.shape[1]} x {values.shape[0]} pixels.")
    if values.min() == values.max():
        warnings.append("The film is blank: all pixels have one value.")
    return tuple(warnings)
