"""The bar of a run on a test set, drawn again by itself until the run ends."""

from __future__ import annotations

import streamlit as st

from core.errors import NotFound
from core.workspace import Job, JobState, jobs
from pages._ui import words
from pages._ui.state import State

POLL_S = 0.5


@st.fragment(run_every=POLL_S)
def watch(now: State, job_id: str, key: str) -> None:
    """Draw the bar with its Cancel button, named by `key`; after the end the whole page once."""
    job = _find(now, job_id)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    left = "" if job.left_s is None else f" · about {words.duration(job.left_s)} left"
    st.progress(job.share, f"{job.stage}{left}")
    st.button("Cancel", key=key, on_click=jobs.cancel, args=(now.workspace, job.id))


def ended(job: Job, doing: str, done: str) -> None:
    """How a run ended that did not finish. doing, done : what it does, e.g. 'Scoring' and 'scored'."""
    if job.state is JobState.FAILED and job.refusal is not None:
        words.refusal(job.refusal)
    elif job.state is JobState.CANCELLED:
        words.fact(f"{doing} was cancelled. What was {done} until then is kept.")
    elif job.state is JobState.INTERRUPTED:
        words.caution(f"The server stopped while this was {done}. What was {done} until then is kept.")


def _find(now: State, job_id: str) -> Job | None:
    try:
        return jobs.get(now.workspace, job_id)
    except NotFound:
        return None
