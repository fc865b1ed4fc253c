"""The threshold instrument: one cut-off linked through curves, scores and counts, drawn in the browser.

Owns the way from Python to the browser and back: the table of `core.workflows.instrument` travels once, where
the cut-off stands comes back when it is let go. The drawing is in the JavaScript modules beside this file
(`threshold.js` is their door); the numbers come from `core`. A segmentation's cut-off is `masks`' matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages._ui.components.serving import component

ASSETS, STYLE = Path(__file__).parent, "threshold.css"

CELLS = ("tp", "fn", "fp", "tn")

__all__ = ["ASSETS", "STYLE", "Moved", "threshold_instrument"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What the reader did, one thing at a time: where the cut-off was let go, another prevalence, or a click on one
    of the counts 'tp', 'fn', 'fp', 'tn'.
    """

    threshold: float | None = None
    prevalence: float | None = None
    cell: str | None = None


def threshold_instrument(
    table: Mapping[str, Any], *, threshold: float, turn: int, key: str, heard: Callable[[Moved], None]
) -> None:
    """Draw the instrument; `heard` is called before the run that answers what the reader did.

    Parameters
    ----------
    table : what `core.workflows.instrument` made. threshold : where the cut-off stands when `turn` changes or another
    table comes; otherwise it stays where the reader left it, and the same data is not sent again.
    """

    def told(name: str) -> None:
        moved = _moved(name, (st.session_state.get(key) or {}).get(name), table["rev"], turn)
        if moved is not None:
            heard(moved)

    component(ASSETS, "threshold", script="threshold.js", style=STYLE)(
        key=key,
        data={**table, "key": key, "goto": {"turn": turn, "threshold": _text(threshold)}},
        default={"move": None, "prevalence": None},
        on_move_change=partial(told, "move"),
        on_prevalence_change=partial(told, "prevalence"),
        on_cell_change=partial(told, "cell"),
    )


def _moved(name: str, given: object, rev: str, turn: int) -> Moved | None:
    """What came from the browser; None where it is of another table, or nothing that we send."""
    if name == "move":
        if not isinstance(given, Mapping) or given.get("rev") != rev or given.get("turn") != turn:
            return None
        threshold = _number(given.get("threshold"))
        return None if threshold is None else Moved(threshold=threshold)
    if name == "cell":
        return Moved(cell=str(given)) if given in CELLS else None
    share = _share(given)
    return None if share is None else Moved(prevalence=share)


def _text(threshold: float) -> str:
    """JSON has no infinity; the shortest text reads back to the same number."""
    return repr(threshold) if math.isfinite(threshold) else ("inf" if threshold > 0 else "-inf")


def _number(text: object) -> float | None:
    """What the browser sent, or None: whoever holds the page can send anything."""
    try:
        number = float(str(text))
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _share(given: object) -> float | None:
    number = _number(given) if given is not None else None
    return number if number is not None and 0 < number < 1 else None
