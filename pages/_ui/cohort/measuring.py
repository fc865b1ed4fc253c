"""Measuring the masks of a test set: the button, the run with its bar, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.workflows.mask_job import find_measuring, is_measured, start_measuring
from core.workflows.mask_measures import Contender, Measure, left_to_measure
from core.workspace import JobState
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.cohort.watching import ended, watch
from pages._ui.state import State


def show_measuring(now: State, kept: KeptCohort, contenders: Sequence[Contender], measure: Measure, what: str) -> bool:
    """Whether everything is measured; until then what there is to do, or the run, is drawn.

    what : is done to the cases, e.g. 'at every cut-off'.
    """
    if is_measured(now.workspace, kept, contenders, measure):
        return True
    job = find_measuring(now.workspace, kept, contenders, measure)
    if job is not None and job.state is JobState.RUNNING:
        watch(now, job.id, "cancel-measuring")
        return False
    if job is not None:
        ended(job, "Measuring", "measured")
    left = left_to_measure(kept, contenders, measure)
    words.fact(f"The masks of {left:,} answers are to be compared with their references {what}. It is done once.")
    st.button(
        "Go on measuring" if job is not None else "Measure", key="measure", type="primary",
        on_click=_start, args=(now, kept, list(contenders), measure),
    )  # fmt: skip
    return False


def _start(now: State, kept: KeptCohort, contenders: list[Contender], measure: Measure) -> None:
    start_measuring(now.workspace, kept, contenders, measure)
