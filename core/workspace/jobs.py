"""Long work in plain threads: progress, time left, cancel, and a record that outlives the process.

Owns the thread and its record. What is done in it comes as a function; where results go is that
function's matter. A record that says 'running' while nobody runs it reads as 'interrupted'.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from core.errors import Cancelled, NotFound, ReadroomError
from core.workspace.owner import Workspace
from core.workspace.records import read_json, write_json

log = logging.getLogger(__name__)

Report = Callable[[float, str], None]
Stop = Callable[[], bool]
Work = Callable[[Report, Stop], None]
"""What a job does: it is given `report(share done, stage)` and `cancelled()`, and raises `Cancelled` to stop."""

KEPT = 50
"""Finished jobs that an owner's folder remembers."""

ENOUGH_SHARE = 0.05
"""Below this share done, a time left would be a guess."""

_JOB_ID = re.compile(r"[0-9a-f]{16}")


class JobState(StrEnum):
    """Where a job stands; all but the first are final."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands now.

    subject : what it is about, e.g. {'model': id, 'cases': 'case-01'}. share : done, 0..1.
    started, ended : seconds since the epoch. refusal : (found, why, do) of a failed job.
    """

    id: str
    subject: Mapping[str, str]
    state: JobState
    share: float
    stage: str
    started: float
    ended: float | None = None
    refusal: tuple[str, str, str] | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done at the pace so far; None where that is not known yet."""
        if self.state is not JobState.RUNNING or self.share < ENOUGH_SHARE:
            return None
        return (time.time() - self.started) * (1 - self.share) / self.share


@dataclass(slots=True)
class _Live:
    workspace: Workspace
    job: Job
    cancel: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


_live: dict[str, _Live] = {}
_lock = threading.Lock()


def start(workspace: Workspace, work: Work, *, subject: Mapping[str, str]) -> str:
    """Start `work` in a thread of its own; the id under which its owner finds it.

    The record is on disk before the thread starts.
    """
    job = Job(secrets.token_hex(8), dict(subject), JobState.RUNNING, 0.0, "Starting", time.time())
    live = _Live(workspace, job)
    with _lock:
        _live[job.id] = live
    _keep(workspace, job)
    _forget_old(workspace)
    threading.Thread(target=_run, args=(live, work), name=f"job-{job.id}", daemon=True).start()
    return job.id


def get(workspace: Workspace, job_id: str) -> Job:
    """The job as it stands now.

    Raises
    ------
    NotFound : there is none of that id, or it is another owner's.
    """
    with _lock:
        live = _live.get(job_id)
        if live is not None and live.workspace.folder == workspace.folder:
            return live.job
    record = read_json(_place(workspace, job_id))
    if record is None:
        raise _no_job()
    job = _from_dict(record)
    if job.state is JobState.RUNNING and not _is_alive(record["process"]):
        job = replace(job, state=JobState.INTERRUPTED, stage="The server stopped while this ran.", ended=time.time())
        _keep(workspace, job)
    return job


def all_jobs(workspace: Workspace) -> list[Job]:
    """Every job that the owner's folder remembers, as each stands now, and those that run: an owner who has brought
    nothing has no folder yet.
    """
    kept = [get(workspace, record.stem) for record in workspace.folder.glob("jobs/*.json")]
    known = {job.id for job in kept}
    return kept + [job for job in running(workspace) if job.id not in known]


def wait(workspace: Workspace, job_id: str, seconds: float) -> None:
    """Come back when a job of the owner's has ended, or after so many seconds."""
    with _lock:
        live = _live.get(job_id)
    if live is not None and live.workspace.folder == workspace.folder:
        live.over.wait(seconds)


def cancel(workspace: Workspace, job_id: str) -> None:
    """Ask a job to stop; it does at its next step."""
    with _lock:
        live = _live.get(job_id)
        if live is not None and live.workspace.folder == workspace.folder:
            live.cancel.set()


def cancel_all(workspace: Workspace) -> None:
    """Ask every job of an owner to stop."""
    for job in running(workspace):
        cancel(workspace, job.id)


def running(workspace: Workspace) -> list[Job]:
    """The owner's jobs that run in this process, oldest first."""
    with _lock:
        mine = [live.job for live in _live.values() if live.workspace.folder == workspace.folder]
    return sorted((job for job in mine if job.state is JobState.RUNNING), key=lambda job: job.started)


def _run(live: _Live, work: Work) -> None:
    def report(share: float, stage: str) -> None:
        # Never backwards: a stage that is measured anew would make the bar jump.
        live.job = replace(live.job, share=max(live.job.share, min(1.0, share)), stage=stage)
        live.workspace.touch()  # an owner who waits for a long run is not idle

    try:
        work(report, live.cancel.is_set)
        ended = replace(live.job, state=JobState.DONE, share=1.0, stage="Done")
    except Cancelled:
        ended = replace(live.job, state=JobState.CANCELLED, stage="Cancelled")
    except ReadroomError as refusal:
        ended = _failed(live.job, refusal)
    except Exception:  # the thread's own frame: nobody above could tell the owner
        reference = secrets.token_hex(4)
        log.exception("job %s failed, reference %s", live.job.id, reference)
        ended = _failed(live.job, _fault(reference))
    live.job = replace(ended, ended=time.time())
    _keep(live.workspace, live.job)
    with _lock:
        _live.pop(live.job.id, None)
    live.over.set()


def _failed(job: Job, refusal: ReadroomError) -> Job:
    return replace(job, state=JobState.FAILED, stage="Failed", refusal=(refusal.found, refusal.why, refusal.do))


def _fault(reference: str) -> ReadroomError:
    return ReadroomError(
        found="The model stopped because of a fault of ours.",
        why="No result was kept.",
        do=f"Try again; if it happens again, report it with reference {reference}.",
    )


def _keep(workspace: Workspace, job: Job) -> None:
    """Write a job down, unless its owner's folder is gone: a deleted folder must not come back."""
    with workspace.lock:
        if workspace.folder.is_dir():
            write_json(_place(workspace, job.id), {**_to_dict(job), "process": _this_process()})


def _forget_old(workspace: Workspace) -> None:
    records = sorted(workspace.folder.glob("jobs/*.json"), key=lambda p: p.stat().st_mtime)
    for record in records[:-KEPT]:
        record.unlink(missing_ok=True)


def _place(workspace: Workspace, job_id: str) -> Path:
    if not _JOB_ID.fullmatch(job_id):
        raise _no_job()
    return workspace.folder / "jobs" / f"{job_id}.json"


@cache
def _process_started(pid: int) -> float:
    return float(psutil.Process(pid).create_time())


def _this_process() -> dict[str, float]:
    """Number and start time: a number alone is given again after a restart."""
    return {"pid": os.getpid(), "started": _process_started(os.getpid())}


def _is_alive(process: Mapping[str, float]) -> bool:
    if process == _this_process():
        return False  # ours, and not among the living: it can only be a record that was cut off
    try:
        return bool(psutil.Process(int(process["pid"])).create_time() == process["started"])
    except psutil.NoSuchProcess:
        return False


def _to_dict(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "subject": dict(job.subject),
        "state": job.state.value,
        "share": job.share,
        "stage": job.stage,
        "started": job.started,
        "ended": job.ended,
        "refusal": job.refusal,
    }


def _from_dict(plain: Mapping[str, Any]) -> Job:
    refusal = plain["refusal"]
    return Job(
        plain["id"],
        plain["subject"],
        JobState(plain["state"]),
        plain["share"],
        plain["stage"],
        plain["started"],
        plain["ended"],
        (refusal[0], refusal[1], refusal[2]) if refusal else None,
    )


def _no_job() -> NotFound:
    return NotFound(
        found="That run is no longer here.",
        why="It was deleted with its images, or it belongs to another browser.",
        do="Start it again.",
    )
