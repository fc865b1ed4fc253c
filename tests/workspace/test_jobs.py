"""Jobs: progress, cancel, failure in words, and a record that outlives its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Cancelled, InferenceError, NotFound
from core.workspace import JobState, Workspace, jobs
from tests.workspace.conftest import small_study


@pytest.fixture(autouse=True)
def _with_a_folder(owner: Workspace, other: Workspace) -> None:
    owner.add_study(small_study())
    other.add_study(small_study())


def _ended(workspace: Workspace, job_id: str) -> jobs.Job:
    deadline = time.monotonic() + 20
    while (job := jobs.get(workspace, job_id)).state is JobState.RUNNING:
        assert time.monotonic() < deadline, "the job did not end"
        time.sleep(0.01)
    return job


def test_a_job_tells_its_progress_and_ends(owner: Workspace) -> None:
    """The page draws a bar, the stage and the time left from this alone."""
    halfway, go_on = threading.Event(), threading.Event()

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        report(0.5, "Slice 10 of 20")
        halfway.set()
        go_on.wait(10)

    job_id = jobs.start(owner, work, subject={"model": "m"})
    halfway.wait(10)
    seen = jobs.get(owner, job_id)
    go_on.set()

    assert (seen.state, seen.share, seen.stage) == (JobState.RUNNING, 0.5, "Slice 10 of 20")
    assert seen.left_s is not None
    assert [job.id for job in jobs.running(owner)] in ([job_id], [])
    ended = _ended(owner, job_id)
    assert (ended.state, ended.share, ended.subject) == (JobState.DONE, 1.0, {"model": "m"})
    assert jobs.running(owner) == []


def test_waiting_ends_with_the_job_or_when_its_time_is_up(owner: Workspace, other: Workspace) -> None:
    """A quick run is drawn with its result at once; a long one must not hold up the page."""
    go_on = threading.Event()
    job_id = jobs.start(owner, lambda _report, _stop: go_on.wait(10), subject={})

    jobs.wait(owner, job_id, 0.01)
    assert jobs.get(owner, job_id).state is JobState.RUNNING
    began = time.monotonic()
    jobs.wait(other, job_id, 10)
    assert time.monotonic() - began < 5
    go_on.set()
    jobs.wait(owner, job_id, 10)
    assert jobs.get(owner, job_id).state is JobState.DONE


def test_cancel_stops_a_job_at_its_next_step(owner: Workspace) -> None:
    """A wrong choice must not cost minutes."""
    started = threading.Event()

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        started.set()
        while not cancelled():
            time.sleep(0.005)
        raise Cancelled

    job_id = jobs.start(owner, work, subject={})
    started.wait(10)
    jobs.cancel(owner, job_id)

    assert _ended(owner, job_id).state is JobState.CANCELLED


def test_a_refusal_is_kept_in_its_own_words(owner: Workspace) -> None:
    """The page must say what, why and what to do, also after a reload."""

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        raise InferenceError(found="Not enough memory.", why="3.1 GB are needed.", do="Close other programs.")

    job_id = jobs.start(owner, work, subject={})

    job = _ended(owner, job_id)
    assert job.state is JobState.FAILED
    assert job.refusal == ("Not enough memory.", "3.1 GB are needed.", "Close other programs.")


def test_a_fault_of_ours_gives_a_reference_and_no_detail(owner: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    """A traceback on screen helps nobody and may tell too much; the log has it under the reference."""

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        raise ZeroDivisionError("secret detail")

    job_id = jobs.start(owner, work, subject={})

    job = _ended(owner, job_id)
    assert job.state is JobState.FAILED
    assert job.refusal is not None
    assert "secret" not in " ".join(job.refusal)
    reference = job.refusal[2].split()[-1].rstrip(".")
    assert reference in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_another_owner_cannot_see_or_cancel_a_job(owner: Workspace, other: Workspace) -> None:
    """A job's address answers its owner only."""
    stop = threading.Event()
    seen: list[bool] = []

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        stop.wait(10)
        seen.append(cancelled())

    job_id = jobs.start(owner, work, subject={})
    with pytest.raises(NotFound):
        jobs.get(other, job_id)
    jobs.cancel(other, job_id)
    stop.set()

    assert _ended(owner, job_id).state is JobState.DONE
    assert seen == [False]


def test_a_job_that_ends_after_deletion_leaves_nothing(owner: Workspace) -> None:
    """The folder that the owner deleted must not come back with a record in it."""
    go_on = threading.Event()

    def work(report: jobs.Report, cancelled: Callable[[], bool]) -> None:
        go_on.wait(10)

    job_id = jobs.start(owner, work, subject={})
    owner.delete_all()
    go_on.set()
    while jobs.running(owner):
        time.sleep(0.01)
    time.sleep(0.05)

    assert not owner.folder.exists()
    with pytest.raises(NotFound, match="no longer here"):
        jobs.get(owner, job_id)


KILLED = """
import sys, time
from core.workspace import Workspace, jobs

def work(report, cancelled):
    report(0.4, "Slice 4 of 10")
    print(job_id, flush=True)
    time.sleep(60)

job_id = "unknown"
workspace = Workspace("owner-one")
import threading
ready = threading.Event()
def first(report, cancelled):
    ready.wait(10)
    work(report, cancelled)
job_id = jobs.start(workspace, first, subject={"model": "m"})
ready.set()
time.sleep(60)
"""


def test_a_killed_server_leaves_an_interrupted_job_and_every_case(owner: Workspace) -> None:
    """kill -9 in the middle of a run: the cases are there, and the run does not claim to be running."""
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert process.stdout is not None
    job_id = process.stdout.readline().strip()
    try:
        assert jobs.get(owner, job_id).state is JobState.RUNNING
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    after = jobs.get(Workspace("owner-one"), job_id)

    assert after.state is JobState.INTERRUPTED
    assert "server stopped" in after.stage
    assert [case.id for case in owner.cases()] == ["case-01"]


def test_a_run_of_an_owner_who_has_brought_nothing_is_found_while_it_runs(home: Path) -> None:
    """Who looks at this machine's test sets alone has no folder, and still wants the bar."""
    nobody, go_on = Workspace("N" * 43), threading.Event()

    jobs.start(nobody, lambda report, cancelled: go_on.wait(10) and None, subject={"measured": "x"})
    seen = jobs.all_jobs(nobody)
    go_on.set()

    assert [job.subject for job in seen] == [{"measured": "x"}]
    assert not nobody.folder.exists()
