"""What both statistics pages say of a test set of images with masks."""

from __future__ import annotations

import streamlit as st

from core.workflows.choose_model import find_model
from core.workflows.documents import Document
from pages._ui import words

LISTED = 50


def model_name(model_id: str) -> str:
    """A model as the shelf calls it; its id where it is not there any more."""
    model = find_model(model_id)
    return model_id if model is None else model.display_name


def tell_left_out(document: Document) -> None:
    """The cases without figures, with the reason of each."""
    dropped = document["input"]["dropped"]
    used, rows = document["input"]["used"], document["input"]["rows"]
    words.fact(f"{used:,} of {rows:,} cases.")
    if dropped:
        with st.expander(f"{len(dropped):,} cases are left out", key="left-out"):
            listed = [(one["case_id"], one["reason"]) for one in dropped[:LISTED]]
            words.table(("Case", "Why"), listed, label="Cases left out")
