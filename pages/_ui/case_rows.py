"""The rows of the Upload page: a case, a question, or a refusal, each for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import ReadroomError
from core.workflows import cases
from core.workflows.describe import checks, kind_word, what_was_read
from core.workspace import Case, Upload, Uploads, UploadState
from pages._ui import words
from pages._ui.navigation import PREDICT, page
from pages._ui.state import State

_WIDTHS = [0.5, 1.1, 1.2, 3.3, 3.9, 2.6]
_UPLOAD_WIDTHS = [1.6, 8.4, 2.6]


def case_rows(now: State, held: Sequence[Case], names: Mapping[str, Sequence[str]]) -> list[Case]:
    """Draw one row for each case; those that are ticked."""
    if not held:
        return []
    ticked = []
    with st.container(key="cases"):
        _header()
        for case in held:
            tick, name, kind, read, found, action = st.columns(_WIDTHS, vertical_alignment="center")
            if tick.checkbox(f"Select {case.id}", key=f"tick-{case.id}", label_visibility="collapsed"):
                ticked.append(case)
            with name:
                words.cell(case.id, *names.get(case.id, ()))
            with kind:
                words.cell(kind_word(case))
            with read:
                words.cell(what_was_read(case))
            with found:
                words.cell(*checks(case))
            with action, st.container(horizontal=True, wrap=False, gap="small", key=f"actions-{case.id}"):
                if st.button("Open", key=f"open-{case.id}", help=f"Show {case.id} on the Predict page"):
                    now.case, now.job = case.id, None
                    st.switch_page(page(PREDICT))
                st.button(
                    "Remove", key=f"remove-{case.id}", type="tertiary", help=f"Delete {case.id} and its results",
                    on_click=_remove, args=(now, case.id),
                )  # fmt: skip
    return ticked


def upload_rows(now: State, waiting: Sequence[Upload], names: Mapping[str, Sequence[str]]) -> None:
    """Draw one row for each upload that is not a case: what was wrong, or which study is meant."""
    for upload in waiting:
        name, message, action = st.columns(_UPLOAD_WIDTHS, vertical_alignment="center")
        with name:
            words.cell(upload.id, *names.get(upload.id, ()))
        with message:
            if upload.refusal is not None and upload.state is UploadState.REFUSED:
                words.refusal(upload.refusal)
            elif upload.state is UploadState.CHOICE:
                _choice(now, upload)
        action.button("Dismiss", key=f"dismiss-{upload.id}", type="tertiary", on_click=_dismiss, args=(now, upload.id))


def _header() -> None:
    titles = ("", "Case", "Kind", "What was read", "Checks", "")
    for column, title in zip(st.columns(_WIDTHS), titles, strict=True):
        with column:
            words.fact(title)


def _choice(now: State, upload: Upload) -> None:
    what = {choice.id: choice.what for choice in upload.choices}
    line = st.container(horizontal=True, vertical_alignment="bottom", key=f"line-{upload.id}")
    chosen = line.selectbox(_question(upload), list(what), format_func=lambda c: what[c], key=f"choice-{upload.id}")
    if line.button("Read this one", key=f"read-{upload.id}", type="primary"):
        try:
            with st.spinner("Reading…"):
                cases.answer_choice(now.workspace, upload.id, str(chosen))
        except ReadroomError as refusal:
            words.refusal((refusal.found, refusal.why, refusal.do))
        else:
            st.rerun()


def _question(upload: Upload) -> str:
    count = len(upload.choices)
    if count == 1:
        return "This upload holds 1 more study."
    volumes = ", several of them volumes of one series" if cases.VOLUME in upload.choices[0].id else ""
    return f"This upload holds {count} studies{volumes}. Choose one; the others stay on offer."


def _remove(now: State, case_id: str) -> None:
    now.workspace.remove_case(case_id)
    if now.case == case_id:
        now.case = now.job = None


def _dismiss(now: State, upload_id: str) -> None:
    Uploads(now.workspace).drop(upload_id)
