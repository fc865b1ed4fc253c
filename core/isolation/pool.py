"""Several workers of one table, so that one file that hangs holds up nobody but its sender.

Owns which worker takes a call. A worker is started when all others are busy, never before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.isolation._wire import Arrays
from core.isolation.limits import Limits
from core.isolation.worker import Worker


class WorkerPool:
    """Runs tasks of one table, at most `size` at once; further calls wait for the first worker that is free.

    table, limits : as of a `Worker`; the limits are of each task.
    """

    def __init__(self, table: str, limits: Limits, size: int) -> None:
        if size < 1:
            raise ValueError("a pool has at least one worker")
        self._workers = [Worker(table, limits) for _ in range(size)]
        # The last given back is taken first: one user alone then always meets the same warm process.
        self._idle = list(reversed(self._workers))
        self._freed = threading.Condition()

    def call(self, name: str, request: dict[str, Any], *, wall_s: float | None = None) -> tuple[dict[str, Any], Arrays]:
        """The answer of one task; parameters and errors are those of `Worker.call`."""
        with self._one() as worker:
            return worker.call(name, request, wall_s=wall_s)

    def start(self) -> None:
        """Start one child now, so that the first call finds it warm, or on its way."""
        with self._one() as worker:
            worker.start()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children that there are now."""
        return tuple(pid for worker in self._workers if (pid := worker.pid) is not None)

    def close(self) -> None:
        """End every child, after the task that it is on. A later call starts a new one."""
        for worker in self._workers:
            worker.close()

    @contextmanager
    def _one(self) -> Iterator[Worker]:
        with self._freed:
            while not self._idle:
                self._freed.wait()
            worker = self._idle.pop()
        try:
            yield worker
        finally:
            with self._freed:
                self._idle.append(worker)
                self._freed.notify()
