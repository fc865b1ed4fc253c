"""Scoring as a job of an owner: progress with time left, cancel, and found again after a reload or a restart.

Owns the job's subject. The work is `score`'s, the thread `core.workspace.jobs`'.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.models.model import Model
from core.workspace import Job, Workspace
from core.workspace.cohort_record import KeptCohort


def start_scoring(workspace: Workspace, cohort: KeptCohort, models: Sequence[Model]) -> str:
    """Start, or go on with, scoring a cohort; the job's id. A running one of this cohort is not started twice."""
    raise NotImplementedError


def find_scoring(workspace: Workspace, cohort: KeptCohort) -> Job | None:
    """The owner's latest scoring of this cohort: running, or how it ended; None where there was none.

    One whose server was killed is `interrupted`; `start_scoring` with the models of `scored_models` goes on.
    """
    raise NotImplementedError


def scored_models(job: Job) -> tuple[str, ...]:
    """Ids of the models that a scoring job asks."""
    raise NotImplementedError
