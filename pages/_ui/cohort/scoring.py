"""Scoring a set of labelled images: which models, the run with its bar, and what could not be read."""

from __future__ import annotations

import streamlit as st

from core.workflows.choose_model import models_for
from core.workflows.cohorts import case_map_csv
from core.workflows.score import left_to_score, models_that_fit
from core.workflows.score_job import find_scoring, scored_models, start_scoring
from core.workspace import Job, JobState
from core.workspace.cohort_record import CohortKind, KeptCohort
from pages._ui import words
from pages._ui.cohort.watching import ended, watch
from pages._ui.state import State

LISTED = 50


def show_scoring(now: State, kept: KeptCohort) -> None:
    """Draw what can be scored, or the run; nothing for a set that came as scores."""
    if kept.kind is CohortKind.SCORES:
        return
    job = find_scoring(now.workspace, kept)
    if job is not None and job.state is JobState.RUNNING:
        watch(now, job.id, "cancel-scoring")
        return
    fitting = {model.id: model for model in models_that_fit(kept, models_for(None))}
    wanted = [model for model in fitting.values() if left_to_score(kept, [model])]
    if job is not None:  # above the part that can be folded away: half a test set must not pass for all of it
        ended(job, "Scoring", "scored")
    _goes_on(now, kept, job)
    with st.expander("Score these images", expanded=not any(one.scored for one in kept.models), key="scoring"):
        words.fact(*(text for _, text in kept.notes))
        if not fitting:
            words.caution("No model here gives scores for these images.")
        names = st.multiselect(
            "Models", list(fitting), default=[model.id for model in wanted if not model.variant][:1],
            key=f"score-models-{kept.id}", format_func=lambda one: fitting[one].display_name,
        )  # fmt: skip
        left = left_to_score(kept, [fitting[name] for name in names]) if names else 0
        st.button(
            f"Score {left:,} images" if left else "Everything is scored", key="score", type="primary",
            disabled=not left, on_click=_start, args=(now, kept, names),
        )  # fmt: skip
        _unread(kept)
        st.download_button(
            "Case map (.csv)", lambda: case_map_csv(kept), "case-map.csv", "text/csv", key="set-case-map",
            on_click="ignore", help="Which case came from which file. It holds file names: keep it to yourself.",
        )  # fmt: skip


def _goes_on(now: State, kept: KeptCohort, job: Job | None) -> None:
    if job is not None and job.state in (JobState.CANCELLED, JobState.INTERRUPTED, JobState.FAILED):
        st.button("Go on scoring", key="score-on", on_click=_start, args=(now, kept, list(scored_models(job))))


def _unread(kept: KeptCohort) -> None:
    if not kept.unread:
        return
    words.fact(f"{len(kept.unread):,} answers are missing:")
    rows = [(one.case, one.model_id or "every model", one.text) for one in kept.unread[:LISTED]]
    words.table(("Case", "Model", "Why"), rows, label="Cases without an answer")


def _start(now: State, kept: KeptCohort, names: list[str]) -> None:
    wanted = [model for model in models_for(None) if model.id in names]
    start_scoring(now.workspace, kept, wanted)
