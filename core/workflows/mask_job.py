"""Measuring a segmentation cohort as a job of an owner: progress with time left, cancel, and found again later.

Owns the job's subject. The work is `mask_measures`', the thread `core.workspace.jobs`'.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.workflows.evaluate_masks import MaskMethod
from core.workflows.mask_comparison import figures_measure
from core.workflows.mask_measures import Contender, Measure, every_case, left_to_measure
from core.workspace import Job, JobState, Workspace, jobs
from core.workspace.cohort_record import KeptCohort

COHORT, WORK = "measured", "work"

COMPARISON = figures_measure(MaskMethod())
"""What is kept of a case for a comparison as the page asks it."""

_starting = threading.Lock()


def start_measuring(workspace: Workspace, cohort: KeptCohort, contenders: Sequence[Contender], measure: Measure) -> str:
    """Start, or go on with, measuring; the job's id. While one of this cohort runs, that one is answered."""
    with _starting:
        running = [job for job in _of_cohort(workspace, cohort) if job.state is JobState.RUNNING]
        if running:
            return running[0].id
        # Of no case of the owner's own: whoever looks for runs on cases finds none here.
        subject = {COHORT: cohort.id, WORK: _work(contenders, measure), "weights": "", "cases": ""}

        def work(report: jobs.Report, stop: jobs.Stop) -> None:
            every_case(cohort, contenders, measure, progress=report, cancelled=stop)

        return jobs.start(workspace, work, subject=subject)


def find_measuring(
    workspace: Workspace, cohort: KeptCohort, contenders: Sequence[Contender], measure: Measure
) -> Job | None:
    """What runs on this cohort, else how this very work ended last; None where it was never begun.

    One whose server was killed is `interrupted`; `start_measuring` goes on where it was.
    """
    found = _of_cohort(workspace, cohort)
    running = [job for job in found if job.state is JobState.RUNNING]
    mine = [job for job in found if job.subject[WORK] == _work(contenders, measure)]
    return max(running or mine, key=lambda job: job.started, default=None)


def is_measured(workspace: Workspace, cohort: KeptCohort, contenders: Sequence[Contender], measure: Measure) -> bool:
    """Whether nothing is left: all is kept, or what is not could not be made when it was tried."""
    if not left_to_measure(cohort, contenders, measure):
        return True
    job = find_measuring(workspace, cohort, contenders, measure)
    return job is not None and job.state is JobState.DONE


def _of_cohort(workspace: Workspace, cohort: KeptCohort) -> list[Job]:
    return [job for job in jobs.all_jobs(workspace) if job.subject.get(COHORT) == cohort.id]


def _work(contenders: Sequence[Contender], measure: Measure) -> str:
    return " ".join([measure.key, *sorted(one.key for one in contenders)])
