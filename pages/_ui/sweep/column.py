"""Which model's scores: a column of the test set, and with it the model of the sidebar where it is one of the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.workflows.choose_model import find_model
from core.workspace.cohort_record import KeptCohort
from pages._ui.cohort.choice import from_address
from pages._ui.state import State
from pages._ui.sweep.state import Sweep

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def pick_column(now: State, held: Sweep, kept: KeptCohort, columns: Sequence[str], place: DeltaGenerator) -> str | None:
    """Draw the choice of the scores; None where there are none."""
    asked = from_address(held.written, "column")
    if asked is not None:
        held.column = asked
        if columns and asked not in columns:
            now.messages.append(f'The link asked for the scores "{asked[:60]}", which this test set does not have.')
    if not columns:
        return None
    if held.column not in columns:
        held.column = _of_model(now.model, kept, columns) or columns[0]
    st.session_state["column"] = held.column
    place.selectbox(
        "Scores of", columns, format_func=lambda one: _name(one, kept), key="column", on_change=_chosen, args=(held,)
    )
    return held.column


def _name(column: str, kept: KeptCohort) -> str:
    scored = kept.column_model(column)
    model = find_model(scored.model_id if scored is not None else column)
    return column if model is None else model.display_name


def _of_model(model_id: str | None, kept: KeptCohort, columns: Sequence[str]) -> str | None:
    scored = None if model_id is None else kept.scored_by(model_id)
    return next((one for one in columns if one == model_id or (scored is not None and one in scored.columns)), None)


def _chosen(held: Sweep) -> None:
    held.column = st.session_state["column"]
