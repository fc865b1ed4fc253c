"""A page with nothing but the viewer, for tests: three cases, N and P between them, an overlay on a button."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from pages._ui.components.viewer import ViewerPicture, viewer
from tests.browser.viewer_harness.pictures import CASES

st.set_page_config(layout="wide")
st.session_state.setdefault("case", 0)
st.session_state.setdefault("runs", 0)
st.session_state.runs += 1
case = CASES[st.session_state.case % len(CASES)]
labels = st.toggle("Labels", value=True)


@st.fragment
def show() -> None:
    """The viewer in a fragment, as a page would hold it."""
    picture = case.picture(labels=labels)
    events = viewer(ViewerPicture(**{**picture, "cut": None}), key="viewer")
    st.write(f"crosshair: {events.crosshair}")
    if events.steps:
        st.session_state.case += events.steps
        st.rerun()


show()
st.write(f"case: {case.name} runs: {st.session_state.runs}")
