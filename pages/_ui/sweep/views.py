"""What is shown below the instrument: figures at the cut-off, cases, subgroups, whole curve, history."""

from __future__ import annotations

import time

import streamlit as st

from core.metrics.rules import Chosen
from core.workflows import sweep_view
from core.workflows.sweep_point import threshold_text
from core.workflows.sweep_view import curve_rows, elsewhere_rows, figure_rows, more_rows, patient_line, subgroup_table
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.state import State
from pages._ui.sweep.cases import show_cases
from pages._ui.sweep.rules import Subject
from pages._ui.sweep.state import Sweep

FIGURES, CASES, SUBGROUPS, CURVE, HISTORY = "At this cut-off", "Cases", "Subgroups", "Whole curve", "History"

HEADER = ("Figure", "k of n", "Estimate", "95 % interval", "")


def show_views(now: State, held: Sweep, about: Subject, kept: KeptCohort, chosen: Chosen) -> None:
    """Draw the choice of a view, and that view alone."""
    views = [FIGURES, CASES, SUBGROUPS, CURVE, HISTORY]
    held.view = held.view or FIGURES
    st.session_state["view"] = held.view
    st.segmented_control(
        "Show", views, key="view", required=True, label_visibility="collapsed", on_change=_view_chosen, args=(held,)
    )
    if held.view == CASES:
        show_cases(now, held, about, kept)
    elif held.view == SUBGROUPS:
        _subgroups(about, held.threshold)
    elif held.view == CURVE:
        _curve(about)
    elif held.view == HISTORY:
        _history(held)
    else:
        _figures(held, about, chosen)


def _view_chosen(held: Sweep) -> None:
    held.view = st.session_state["view"]


def _figures(held: Sweep, about: Subject, chosen: Chosen) -> None:
    rows = figure_rows(about.file, chosen)
    both = about.file.cohort.positives and about.file.cohort.negatives
    if held.prevalence is not None and chosen.counts is not None and both:
        rows += elsewhere_rows(chosen.counts, held.prevalence)
    words.table(
        (f"At cut-off {threshold_text(held.threshold)}", *HEADER[1:]), rows, numbers=(1, 2, 3),
        label="At this cut-off",
    )  # fmt: skip
    line = patient_line(chosen)
    if line:
        words.fact(line)
    if held.prevalence is not None and both:
        words.fact(sweep_view.elsewhere_note())
    with st.expander("More figures", key="more-figures"):
        words.table(HEADER, more_rows(chosen), numbers=(1, 2, 3), label="More figures")


def _subgroups(about: Subject, threshold: float) -> None:
    rows = subgroup_table(about.file, about.column, threshold, about.method)
    if not rows:
        words.empty("This test set has no subgroups. A column slice_… in its file makes some: slice_site, slice_sex.")
        return
    words.table(sweep_view.SUBGROUP_HEADER, rows, numbers=(1, 2, 3, 4, 5), label="Subgroups")
    words.fact("At the cut-off of the whole, never chosen again for a subgroup. Differences are not tested.")


def _curve(about: Subject) -> None:
    with st.spinner("Resampling…"):
        rows = _kept_rows(about)
    words.table(HEADER, rows, numbers=(1, 2, 3), label="Whole curve")
    words.fact(f"Resampled intervals: {about.method.resamples:,} resamples, seed {about.method.seed}.")


def _kept_rows(about: Subject) -> list[sweep_view.Row]:
    """Made once for each reading of a session: they do not depend on the cut-off."""
    made: dict[tuple[str, str, int], list[sweep_view.Row]] = st.session_state.setdefault("sweep-curve-rows", {})
    key = (about.file.sha256, about.column, hash(about.file.cohort.cases))
    if key not in made:
        made.clear()
        made[key] = curve_rows(about.file, about.column, about.method)
    return made[key]


def _history(held: Sweep) -> None:
    rows = [
        (
            time.strftime("%H:%M:%S", time.localtime(move.at)),
            threshold_text(move.threshold),
            move.how,
            move.cohort,
        )
        for move in reversed(held.history)
    ]
    words.table(("Time", "Cut-off", "How", "Test set"), rows, numbers=(1,), label="History of moves")
