"""The ingest report of a case: how it was read, on screen and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.workflows.describe import report_json, report_rows
from core.workspace import Case
from pages._ui import words


def ingest_reports(held: Sequence[Case]) -> None:
    """One closed block in which any case's report can be opened."""
    if not held:
        return
    by_id = {case.id: case for case in held}
    with st.expander("How each case was read", key="ingest"):
        case = by_id[st.selectbox("Case", list(by_id), key="ingest-case")]
        words.table(("Fact", "Value"), report_rows(case), label=f"How {case.id} was read")
        st.download_button(
            "Ingest report (.json)", report_json(case), f"{case.id}_ingest.json", "application/json", key="ingest-json",
            on_click="ignore",
        )  # fmt: skip
