"""The cut-off of a segmentation with its smallest lesion, drawn in the browser: the way there and back.

Owns what comes back when either is let go. The drawing is `masks.js`'; the numbers come from
`core.workflows.mask_sweep_view`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages._ui.components.serving import component
from pages._ui.components.threshold import ASSETS, STYLE


def mask_instrument(
    table: Mapping[str, Any], *, cut: int, smallest: int, turn: int, key: str, heard: Callable[[int, int], None]
) -> None:
    """Draw the instrument; `heard` gets the places of cut-off and smallest lesion before the run that answers.

    Parameters
    ----------
    table : what `core.workflows.mask_sweep_view.mask_instrument` made. cut, smallest : where both stand when `turn`
    changes or another table comes; otherwise they stay where the reader left them.
    """

    def moved() -> None:
        given = (st.session_state.get(key) or {}).get("move")
        if isinstance(given, Mapping) and (given.get("rev"), given.get("turn")) == (table["rev"], turn):
            places = _place(given.get("cut"), table["cut_offs"]), _place(given.get("smallest"), table["smallest"])
            if places[0] is not None and places[1] is not None:
                heard(places[0], places[1])

    component(ASSETS, "masks", script="masks.js", style=STYLE)(
        key=key,
        data={**table, "key": key, "goto": {"turn": turn, "cut": cut, "smallest": smallest}},
        default={"move": None},
        on_move_change=moved,
    )


def _place(given: object, of: list[Any]) -> int | None:
    """A place that is there: whoever holds the page can send anything."""
    if isinstance(given, bool) or not isinstance(given, int | float) or given != int(given):
        return None
    return int(given) if 0 <= given < len(of) else None
