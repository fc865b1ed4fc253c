"""Scoring as a job: found again after a reload, gone on with after a killed server."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.workflows import cohorts
from core.workflows.run_prediction import find_running
from core.workflows.score import left_to_score
from core.workflows.score_job import find_scoring, scored_models, start_scoring
from core.workspace import Job, JobState, Workspace, jobs
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import CHEST, CHEST_TWO

from .test_cohorts import brought


@pytest.fixture
def owner(tiny: Path) -> Workspace:
    """An owner and the tiny shelf."""
    return Workspace("owner-one")


@pytest.fixture
def kept(owner: Workspace, film_folder: Path) -> KeptCohort:
    """Five films and a broken file in the owner's folder."""
    return brought(owner, film_folder)


def ended(owner: Workspace, job_id: str) -> Job:
    """The job once it does not run any more."""
    deadline = time.monotonic() + 120
    while (job := jobs.get(owner, job_id)).state is JobState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def test_job_scores_the_cohort_and_is_found_by_it(owner: Workspace, kept: KeptCohort) -> None:
    """A reload has lost everything but the owner's cookie and the cohort's address."""
    models = [get_model(CHEST), get_model(CHEST_TWO)]

    job = ended(owner, start_scoring(owner, kept, models))

    found = find_scoring(owner, kept)
    assert found is not None
    assert (found.id, found.state) == (job.id, JobState.DONE)
    assert scored_models(found) == (CHEST, CHEST_TWO)
    assert [one.scored for one in cohorts.find_cohort(owner, kept.id).models] == [5, 5]
    assert find_scoring(Workspace("owner-two"), kept) is None


def test_cohort_is_not_scored_twice_at_once(owner: Workspace, kept: KeptCohort) -> None:
    """Two clicks, or two tabs, are one run."""
    first = start_scoring(owner, kept, [get_model(CHEST)])
    second = start_scoring(owner, kept, [get_model(CHEST)])

    assert first == second
    ended(owner, first)
    assert start_scoring(owner, kept, [get_model(CHEST)]) != first


def test_killed_server_leaves_a_job_that_can_be_gone_on_with(owner: Workspace, kept: KeptCohort) -> None:
    """The record says running, and nobody runs it: it reads as interrupted."""
    job_id = start_scoring(owner, kept, [get_model(CHEST)])
    ended(owner, job_id)
    for thread in threading.enumerate():  # the end is told a moment before the record is written
        if job_id in thread.name:
            thread.join()
    place = owner.folder / "jobs" / f"{job_id}.json"
    record = json.loads(place.read_bytes()) | {"state": "running", "process": {"pid": 1, "started": 0.0}}
    place.write_text(json.dumps(record))

    found = find_scoring(owner, kept)

    assert found is not None
    assert found.state is JobState.INTERRUPTED
    again = [get_model(name) for name in scored_models(found)]
    assert ended(owner, start_scoring(owner, kept, again)).state is JobState.DONE
    assert left_to_score(kept, again) == 1  # the broken file


def test_scoring_is_no_run_of_the_owners_own_cases(owner: Workspace, kept: KeptCohort) -> None:
    """Predict looks for its runs among all jobs."""
    job_id = start_scoring(owner, kept, [get_model(CHEST)])

    assert find_running(owner, None, get_model(CHEST)) is None
    ended(owner, job_id)
