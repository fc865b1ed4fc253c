"""What the shelf is searched for and which side of a model is shown: one session's look at it.

Which model is open is the session's own choice (`pages._ui.state`), as on every page.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.workflows.diagnosis_view import Explained

_KEY = "shelf-look"


@dataclass(slots=True)
class Look:
    """One session's look.

    text, task, architecture, state, stage : what the list is searched for. view : which side of the open model is
    shown. split : whose figures. other : id of the model beside it. refused : why the last change was not made, and
    of which model, until another one is asked for. recalled : of which model the stored results are listed. audited :
    what the last audit said, and its rows. why : what was found in the last file that would not load, and why_round :
    how many were dropped.
    """

    text: str = ""
    task: str | None = None
    architecture: str | None = None
    stage: str | None = None
    state: str | None = None
    view: str = ""
    split: str | None = None
    other: str | None = None
    refused: tuple[str, tuple[str, str, str]] | None = None
    recalled: str | None = None
    audited: tuple[str, list[tuple[str, ...]]] | None = None
    why: Explained | None = None
    why_round: int = 0


def look() -> Look:
    """This session's look."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Look()
    held: Look = st.session_state[_KEY]
    return held
