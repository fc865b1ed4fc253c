"""The pages, in order: one line each. Absolute paths, so that a deep link runs the shell first."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent

UPLOAD, PREDICT, SWEEP, COMPARE, MODELS = "upload", "predict", "sweep", "compare", "models"


def all_pages() -> dict[str, st.Page]:
    """Every page that works, by its address. "/" leads to the first, so that each has one address of its own."""
    return {
        "start": st.Page(_start, title="Readroom", url_path="start", default=True, visibility="hidden"),
        UPLOAD: _page(UPLOAD, "Upload", ":material/upload_file:"),
        PREDICT: _page(PREDICT, "Predict", ":material/image_search:"),
        SWEEP: _page(SWEEP, "Threshold sweep", ":material/tune:"),
        COMPARE: _page(COMPARE, "Model comparison", ":material/compare_arrows:"),
        MODELS: _page(MODELS, "Models", ":material/inventory_2:"),
    }


def page(address: str) -> st.Page:
    """One page, to link to or to switch to."""
    return all_pages()[address]


def _page(address: str, title: str, icon: str) -> st.Page:
    return st.Page(_PAGES / f"{address}.py", title=title, icon=icon, url_path=address)


def _start() -> None:
    st.switch_page(page(UPLOAD))
