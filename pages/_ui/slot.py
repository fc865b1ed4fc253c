"""A place on the page whose content goes at once when what it is about changes.

Streamlit leaves the old run's elements on screen until the new run has ended: for that moment a result would
stand beside another case. So there are two places, used in turn: the new content goes into one while the
other is emptied before anything else is drawn. (Emptying and filling one place is sent as one message, which
keeps what was in it.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui.state import State

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def slot(now: State, name: str, *subject: object) -> DeltaGenerator:
    """A container at the current place; while the `subject` stays the same, so does the container."""
    told, turn = repr(subject), now.shown.get(name, ("", 0))
    if turn[0] != told:
        turn = (told, 1 - turn[1])
        now.shown[name] = turn
    if turn[1]:
        st.empty()
        return st.container()
    place = st.container()
    st.empty()
    return place
