"""The list of models with its search and filters; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.workflows.shelf_view import Asked, Row, choices, matching
from pages._ui import words
from pages._ui.components.shelf import shelf_list
from pages._ui.models.state import Look
from pages._ui.state import State

FILTERS = {"task": "Task", "stage": "Stage", "architecture": "Architecture", "state": "Integrity"}
MOST = 200
"""Rows that a list shows; a search leaves fewer."""


def show_list(now: State, held: Look, rows: Sequence[Row]) -> None:
    """Draw search, filters and the rows that they leave."""
    _filters(held, rows)
    wanted = {name: getattr(held, name) for name in FILTERS}
    found = matching(rows, Asked(held.text, **wanted))
    if not found:
        words.empty("No model fits this search. Take a filter away, or search for a shorter word.")
        return
    shelf_list(found[:MOST], chosen=now.model, key="shelf-list", opened=lambda model_id: _open(now, model_id))
    if len(found) < len(rows):
        words.fact(f"{min(len(found), MOST):,} of {len(rows):,} shown.")
    elif len(found) > MOST:
        words.fact(f"The first {MOST} of {len(found):,}. Search for more.")


def _filters(held: Look, rows: Sequence[Row]) -> None:
    row = st.columns([1.8, 1, 1, 1, 1], vertical_alignment="bottom")
    st.session_state["shelf-text"] = held.text
    row[0].text_input(
        "Search", key="shelf-text", placeholder="name, finding, what it is for", icon=":material/search:",
        on_change=_asked, args=(held, "text"),
    )  # fmt: skip
    for place, (name, title) in zip(row[1:], FILTERS.items(), strict=True):
        options = choices(rows, name)
        if getattr(held, name) not in options:
            setattr(held, name, None)
        st.session_state[f"shelf-{name}"] = getattr(held, name)
        place.selectbox(
            title, options, index=None, key=f"shelf-{name}", placeholder="any", on_change=_asked, args=(held, name),
        )  # fmt: skip


def _asked(held: Look, name: str) -> None:
    setattr(held, name, st.session_state[f"shelf-{name}"])


def _open(now: State, model_id: str) -> None:
    now.model, now.chosen_model = model_id, True
