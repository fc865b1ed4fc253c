"""Beside a picture without a result: run the model, watch the run, or read why it cannot be run."""

from __future__ import annotations

import streamlit as st

from core.engines.choose import find_refusal
from core.errors import NotFound
from core.inference.admission import Admission, Verdict
from core.models.model import Model
from core.workflows.choose_model import Badge, first_fitting, models_for
from core.workflows.run_prediction import (
    admission_of,
    cases_to_run,
    find_figures,
    find_running,
    is_about,
    is_outside_range,
    start_run,
)
from core.workspace import Case, Job, JobState, jobs
from pages._ui import words
from pages._ui.state import State

POLL_S = 0.5

QUICK_S = 0.4
"""A model that is loaded answers a film within it: the page is then drawn once, with its result."""


def show_run(now: State, case: Case, model: Model) -> None:
    """Draw what can be done for a case that the chosen model was not run on."""
    job = _job_of(now, case, model)
    if job is not None and job.state is JobState.RUNNING:
        now.job = job.id
        watch_run(now, case, model)
        return
    if job is not None:
        _ended(job)
    if model.problem is not None:
        words.refusal((model.problem, f"{model.display_name} cannot be run like this.", "Choose another model."))
        return
    if (cannot := find_refusal(model, now.engine)) is not None:
        words.refusal((cannot.found, cannot.why, cannot.do))
        return
    admission = admission_of(now.workspace, case, model)
    if admission.verdict is Verdict.REFUSED:
        _mismatch(now, case, admission)
    else:
        _warned(case, admission)
        words.caution(*model.card.assumed)
        st.button(
            f"Run {words.literal(model.display_name)}", key="run", type="primary", width="stretch", on_click=_start,
            args=(now, [case], model),
        )  # fmt: skip
    run_all(now, model)


def run_all(now: State, model: Model) -> None:
    """The run of other cases where there is one, else the button for every case that fits and was not run."""
    job = find_running(now.workspace, None, model, now.engine)
    if job is not None:
        now.job = job.id
        watch_run(now, None, model)
        return
    left = cases_to_run(now.workspace, model, now.engine)
    if len(left) > 1 and not jobs.running(now.workspace):
        st.button(
            f"Run all {len(left)} fitting cases",
            key="run-all",
            width="stretch",
            on_click=_start,
            args=(now, left, model),
        )


@st.fragment(run_every=POLL_S)
def watch_run(now: State, case: Case | None, model: Model) -> None:
    """The bar of a run, drawn again by itself until the run ends or `case` has its result; then the whole page once."""
    job = None if now.job is None else _find(now, now.job)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    if case is not None and find_figures(now.workspace, case, model, now.engine) is not None:
        st.rerun()
    left = "" if job.left_s is None else f" · about {words.duration(job.left_s)} left"
    st.progress(job.share, f"{job.stage}{left}")
    st.button("Cancel", key="cancel", on_click=jobs.cancel, args=(now.workspace, job.id))


def _job_of(now: State, case: Case, model: Model) -> Job | None:
    """The run that the address names where it is about this case and model, else one that is running."""
    if now.job is not None:
        job = _find(now, now.job)
        if job is None:
            words.fact("That run is no longer here.")
            now.job = None
        elif is_about(job, case, model, now.engine):
            return job
    return find_running(now.workspace, case, model, now.engine)


def _find(now: State, job_id: str) -> Job | None:
    try:
        return jobs.get(now.workspace, job_id)
    except NotFound:
        return None


def _ended(job: Job) -> None:
    if job.state is JobState.FAILED and job.refusal is not None:
        words.refusal(job.refusal)
        words.fact("The case is unchanged.")
    elif job.state is JobState.CANCELLED:
        words.fact("The run was cancelled. The case is unchanged.")
    elif job.state is JobState.INTERRUPTED:
        words.caution("The server stopped while this ran. The case is unchanged; run the model again.")


def _mismatch(now: State, case: Case, admission: Admission) -> None:
    words.caution(*(reason.replace("This is", f"{case.id} is") for reason in admission.reasons))
    other = first_fitting(models_for(case), case)
    if other is not None and other.id != now.model:
        name = words.literal(other.display_name)
        st.button(f"Choose {name}", key="choose-fitting", on_click=_choose, args=(now, other.id))


def _warned(case: Case, admission: Admission) -> None:
    if is_outside_range(case, admission):
        words.badges([Badge("outside tested range", "caution")])
    words.caution(*admission.reasons)


def _start(now: State, chosen: list[Case], model: Model) -> None:
    now.job = start_run(now.workspace, chosen, model, now.engine)
    jobs.wait(now.workspace, now.job, QUICK_S)


def _choose(now: State, model_id: str) -> None:
    now.model, now.chosen_model = model_id, True
