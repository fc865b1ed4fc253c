"""Several workers: breaches one after the other, and users beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from core.errors import GeometryError, ReadroomError, WorkerBreach
from core.isolation import Limits, WorkerPool

TABLE = "tests.isolation.tasks:TABLE"


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(TABLE, Limits(memory_mib=400, cpu_s=5, wall_s=20, open_files=64, file_mib=50), 2)
    yield made
    made.close()


def test_one_user_alone_meets_one_process(pool: WorkerPool) -> None:
    """A second process that nobody needs would only take memory."""
    pids = {pool.call("echo", {})[0]["pid"] for _ in range(5)}

    assert len(pids) == 1
    assert set(pool.pids) == pids


def test_a_file_that_hangs_holds_up_nobody_else(pool: WorkerPool) -> None:
    """Its sender waits for the limit; everyone else is answered at once."""
    pool.call("echo", {})
    caught: list[ReadroomError] = []

    def hang() -> None:
        try:
            pool.call("sleep", {"seconds": 60}, wall_s=6)
        except ReadroomError as breach:
            caught.append(breach)

    sender = threading.Thread(target=hang)
    sender.start()
    begun = time.monotonic()
    answers = [pool.call("echo", {"n": n})[0]["said"] for n in range(10)]
    took = time.monotonic() - begun
    still_hanging = sender.is_alive()
    sender.join()

    assert answers == [{"n": n} for n in range(10)]
    assert still_hanging
    assert took < 6
    assert [str(one.found) for one in caught] == ["Opening it took more than 6 seconds."]


BREACHES = {
    "die": ({}, "crashed"),
    "swell": ({"mib": 3000}, "400 MiB of memory"),
    "large_file": ({"mib": 60}, "a file of more than 50 MiB|did not foresee"),
    "many_files": ({}, "did not foresee"),
    "sleep": ({"seconds": 30}, "0.7 seconds"),
    "fail": ({}, "did not foresee"),
    "exit": ({}, "crashed|did not foresee"),
    "garbage": ({}, "crashed|did not foresee|bytes than any report"),
}
"""Every way to break a limit or the process, and the word that its sender reads."""


def test_pool_survives_any_number_of_breaches_and_only_their_senders_are_told(pool: WorkerPool) -> None:
    """Forty in a row by one user; another one's files are all read, and no process or folder is left behind."""
    stop = threading.Event()
    honest: list[object] = []
    wrong: list[object] = []

    def honest_user() -> None:
        while not stop.is_set():
            try:
                honest.append(pool.call("echo", {"n": len(honest)})[0]["said"]["n"])
            except ReadroomError as error:
                wrong.append(error)

    beside = threading.Thread(target=honest_user)
    beside.start()
    for _ in range(5):
        for task, (request, words) in BREACHES.items():
            with pytest.raises(WorkerBreach, match=words):
                pool.call(task, request, wall_s=0.7 if task == "sleep" else None)
    stop.set()
    beside.join()

    assert wrong == []
    assert honest == list(range(len(honest)))
    assert len(honest) > 40
    with pytest.raises(GeometryError):
        pool.call("refuse", {})
    children = psutil.Process().children(recursive=True)
    assert len([child for child in children if TABLE in child.cmdline()]) <= 2


def test_breach_of_computing_time_is_told_as_such(pool: WorkerPool) -> None:
    """Wall time and computing time are two limits: a sleeper uses one, a spinner the other."""
    tight = WorkerPool(TABLE, Limits(memory_mib=400, cpu_s=1, wall_s=20), 1)

    with pytest.raises(WorkerBreach, match="1 seconds of computing"):
        tight.call("spin", {})
    assert tight.call("echo", {"n": 1})[0]["said"] == {"n": 1}
    tight.close()


def test_no_worker_is_no_pool() -> None:
    """Every call would wait for ever."""
    with pytest.raises(ValueError, match="at least one"):
        WorkerPool(TABLE, Limits(1, 1, 1), 0)
