"""The page's title with the case picker: previous, choose, next."""

from __future__ import annotations

import time

import streamlit as st

from core.workspace import Case
from pages._ui.state import State


def settle_case(now: State) -> None:
    """Before the sidebar: the chosen case is one that is there, and the first one where none was chosen."""
    ids = [case.id for case in now.workspace.cases()]
    if now.case is not None and now.case not in ids:
        now.messages.append(f"{now.case[:20]} is not here: it was deleted, or it belongs to another browser.")
        now.case = now.job = None
    if now.case is None and ids:
        now.case = ids[0]


def pick_case(now: State) -> Case | None:
    """Draw title and picker; the chosen case, or None where there is none."""
    cases = {case.id: case for case in now.workspace.cases()}
    title, right = st.columns([2.15, 1], vertical_alignment="center", gap="medium")
    title.title("Predict")
    if now.case not in cases:
        return None
    ids = list(cases)
    place = ids.index(now.case)
    row = right.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key="case-picker")
    row.button(
        "Previous case", icon=":material/chevron_left:", key="previous", on_click=_step, args=(now, -1),
        disabled=place == 0, help="Previous case (P)",
    )  # fmt: skip
    st.session_state["case"] = now.case
    row.selectbox("Case", ids, key="case", on_change=_case_chosen, args=(now,), label_visibility="collapsed")
    row.button(
        "Next case", icon=":material/chevron_right:", key="next", on_click=_step, args=(now, 1),
        disabled=place == len(ids) - 1, help="Next case (N)",
    )  # fmt: skip
    return cases[now.case]


def step(now: State, by: int) -> bool:
    """Go on by so many cases, back where it is negative, and at most to the last or first; whether there was one."""
    ids = [case.id for case in now.workspace.cases()]
    if now.case not in ids:
        return False
    place = min(len(ids) - 1, max(0, ids.index(now.case) + by))
    if ids[place] == now.case:
        return False
    now.left = (*(now.left if now.is_busy() else ()), now.case)
    now.stepped = time.monotonic()
    now.case, now.job = ids[place], None
    return True


def _case_chosen(now: State) -> None:
    chosen = st.session_state["case"]
    if chosen in now.left and now.is_busy():
        return  # no choice: a key pressed before the answer to the last one brings the list as it stood then
    now.case, now.job = chosen, None


def _step(now: State, by: int) -> None:
    step(now, by)
