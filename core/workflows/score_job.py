"""Scoring as a job of an owner: progress with time left, cancel, and found again after a reload or a restart.

Owns the job's subject. The work is `score`'s, the thread `core.workspace.jobs`'.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.models.model import Model
from core.workspace import Job, JobState, Workspace, jobs
from core.workspace.cohort_record import KeptCohort

COHORT, MODELS = "cohort", "models"

_starting = threading.Lock()


def start_scoring(workspace: Workspace, cohort: KeptCohort, models: Sequence[Model]) -> str:
    """Start, or go on with, scoring a cohort; the job's id. A running one of this cohort is not started twice."""
    from core.workflows.score import score

    with _starting:
        last = find_scoring(workspace, cohort)
        if last is not None and last.state is JobState.RUNNING:
            return last.id
        # Of no case of the owner's own: whoever looks for runs on cases finds none here.
        subject = {COHORT: cohort.id, MODELS: " ".join(model.id for model in models), "weights": "", "cases": ""}

        def work(report: jobs.Report, stop: jobs.Stop) -> None:
            score(cohort, models, progress=report, cancelled=stop)

        return jobs.start(workspace, work, subject=subject)


def find_scoring(workspace: Workspace, cohort: KeptCohort) -> Job | None:
    """The owner's latest scoring of this cohort: running, or how it ended; None where there was none.

    One whose server was killed is `interrupted`; `start_scoring` with the models of `scored_models` goes on.
    """
    found = [job for job in jobs.all_jobs(workspace) if job.subject.get(COHORT) == cohort.id]
    return max(found, key=lambda job: job.started, default=None)


def scored_models(job: Job) -> tuple[str, ...]:
    """Ids of the models that a scoring job asks."""
    return tuple(job.subject[MODELS].split())
