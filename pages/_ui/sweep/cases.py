"""The cases behind a count: thumbnails where the test set has images, else a table; nearest the cut-off first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.workflows.sweep_cases import Cell, ScoredCase, cases_in, flips
from core.workflows.sweep_point import threshold_text
from core.workspace.cohort_record import CohortKind, KeptCohort
from pages._ui import words
from pages._ui.state import State
from pages._ui.sweep.gallery import thumbnails
from pages._ui.sweep.rules import Subject
from pages._ui.sweep.state import Sweep

FLIPPED = "changed by the last move"
A_PAGE, TABLE_PAGE = 12, 50


def show_cases(now: State, held: Sweep, about: Subject, kept: KeptCohort) -> None:
    """Draw the choice of a cell and the cases in it."""
    options = [*(cell.value for cell in Cell), FLIPPED]
    st.session_state.setdefault("cell", held.cell.value)
    chosen = st.segmented_control(
        "Cases", options, key="cell", required=True, label_visibility="collapsed", on_change=_cell_chosen, args=(held,)
    )
    cohort = about.file.cohort
    if chosen == FLIPPED:
        if held.before is None:
            words.empty("Move the cut-off: the cases whose call changes are listed here.")
            return
        changed = flips(cohort, about.column, held.before, held.threshold)
        words.fact(f"From {threshold_text(held.before)} to {threshold_text(held.threshold)}: {changed.sentence}")
        listed: Sequence[ScoredCase] = changed.cases
    else:
        listed = cases_in(cohort, about.column, held.threshold, Cell(str(chosen)))
        words.fact(f"{len(listed):,} {chosen}, nearest to the cut-off {threshold_text(held.threshold)} first.")
    if not listed:
        return
    if kept.kind is CohortKind.IMAGES:
        _gallery(now, held, about, kept, listed)
    else:
        _table(held, listed)


def _cell_chosen(held: Sweep) -> None:
    held.shown = 0
    chosen = st.session_state["cell"]
    if chosen != FLIPPED:
        held.cell = Cell(chosen)


def _table(held: Sweep, listed: Sequence[ScoredCase]) -> None:
    part = _page(held, len(listed), TABLE_PAGE)
    rows = [
        (case.id, "with the finding" if case.positive else "without", repr(case.score), case.became.value)
        for case in listed[part]
    ]
    words.table(("Case", "Truth", "Score", "Now"), rows, numbers=(2,), label="Cases")


def _gallery(now: State, held: Sweep, about: Subject, kept: KeptCohort, listed: Sequence[ScoredCase]) -> None:
    part = _page(held, len(listed), A_PAGE)
    shown = [(case.id, f"{case.score:.3f} · {case.became.value}") for case in listed[part]]
    thumbnails(now, kept, shown, about.column)


def _page(held: Sweep, total: int, size: int) -> slice:
    """Which part of a long list is shown, with buttons to go on."""
    held.shown = min(held.shown, (total - 1) // size * size)
    if total > size:
        row = st.container(horizontal=True, vertical_alignment="center", key="case-pages")
        row.button("Nearer", key="case-nearer", on_click=_turn, args=(held, -size), disabled=held.shown == 0)
        row.button(
            "Farther", key="case-farther", on_click=_turn, args=(held, size), disabled=held.shown + size >= total
        )
        with row:
            words.fact(f"{held.shown + 1:,} to {min(held.shown + size, total):,} of {total:,}")
    return slice(held.shown, held.shown + size)


def _turn(held: Sweep, by: int) -> None:
    held.shown = max(0, held.shown + by)
