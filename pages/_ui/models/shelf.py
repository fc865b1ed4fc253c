"""What is shown of the shelf as a whole: which model for what, the weights in memory, and the audit of its files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.models.model import Model
from core.workflows.lifecycle_view import AUDIT_HEADER, audit_shelf_rows
from core.workflows.model_view import MEMORY_HEADER, memory_rows, memory_sentence
from core.workflows.shelf_pages import GUIDE_HEADER, guide_rows
from pages._ui import words
from pages._ui.models.state import Look

GUIDE = "Made of the models' own cards. Each was tested on cases of its own: those figures cannot be subtracted."


def show_shelf(held: Look, models: Sequence[Model]) -> None:
    """Draw what is about all models."""
    usable = [model for model in models if model.problem is None]
    if usable:
        with st.expander("Which model for what", key="guide"):
            words.table([title.capitalize() for title in GUIDE_HEADER], guide_rows(usable), label="Selection guide")
            words.fact(GUIDE)
    with st.expander("Weights in memory", key="memory"):
        rows = memory_rows(models)
        if rows:
            words.table(MEMORY_HEADER, rows, numbers=(2, 3), label="Weights in memory")
        words.fact(memory_sentence())
    with st.expander("Audit of the files", key="audit"):
        words.fact("Every file of shelf and store is read and held against its hash, signature and registration.")
        if st.button("Audit now", key="audit-now"):
            with st.spinner("Reading every file …"):
                held.audited = audit_shelf_rows()
        if held.audited is not None:
            said, found = held.audited
            words.fact(said)
            if found:
                words.table(AUDIT_HEADER, found, label="Audit")
