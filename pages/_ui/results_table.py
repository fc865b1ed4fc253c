"""Every case that the chosen model was run on, in one table with one CSV."""

from __future__ import annotations

import streamlit as st

from core.models.model import Model
from core.workflows import result_view
from pages._ui import words
from pages._ui.state import State


def show_table(now: State, model: Model) -> None:
    """Draw the table; nothing where nothing was run."""
    point = now.points.get(model.id)
    table = result_view.results_table(now.workspace, now.workspace.cases(), model, point, now.engine)
    if not table.rows:
        return
    words.heading(f"All cases run with {model.display_name}")
    words.table(table.header, table.on_screen(), numbers=table.numbers, label="All cases run")
    st.download_button(
        "All results (.csv)", lambda: result_view.results_csv(table, model), f"{model.id}_results.csv", "text/csv",
        key="results-csv", on_click="ignore",
    )  # fmt: skip
