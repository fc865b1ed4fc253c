"""'Why can't I load this?': a file is dropped, and the page says what it is, what it asks for and what to do."""

from __future__ import annotations

import streamlit as st

from core.errors import ReadroomError
from core.settings import settings
from core.workflows import diagnosis_view as view
from core.workflows.diagnosis_view import Explained
from pages._ui import words
from pages._ui.models.state import Look
from pages._ui.uploader import free


def show_why(held: Look) -> None:
    """Draw the uploader, and what was found in the last file."""
    with st.expander("Why can't I load this?", key="why"):
        words.fact(
            "Drop a checkpoint of any kind. It is read in a process of its own, nothing in it is run, nothing is kept. "
            "For one that is too large here: python -m core why FILE."
        )
        file = st.file_uploader(
            "File", key=f"why-{held.why_round}", max_upload_size=settings().upload_mib, label_visibility="collapsed"
        )
        if file is not None:
            held.why_round += 1  # emptied: the same file must not be read again at each run
            held.why = None
            try:
                with st.spinner("Reading it in a process of its own …"):
                    held.why = view.explain_upload(file.name, file)
            except ReadroomError as refusal:
                words.refusal((refusal.found, refusal.why, refusal.do))
                return
            finally:
                free([file])
            st.rerun()
        if held.why is not None:
            _show(held.why)


def _show(found: Explained) -> None:
    words.fact(found.said)
    if found.refusal is not None:
        words.refusal(found.refusal)
    words.heading("What to do")
    words.fact(*(f"{number}. {remedy}" for number, remedy in enumerate(found.remedies, 1)))
    words.fact(*found.near)
    if found.wanted:
        words.table(view.GLOBAL_HEADER, found.wanted, label="What it asks for")
    if found.blocks:
        words.table(view.BLOCK_HEADER, found.blocks, numbers=(1, 2), label="Tensors by block")
    if found.fields:
        words.table(view.FIELD_HEADER, found.fields, label="Configuration of the file")
    words.fact(*(f"Assumed: {line}" for line in found.assumed))
