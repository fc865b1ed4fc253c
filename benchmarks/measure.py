"""Timing that is worth telling: paths in turn, order reversed every other round, medians, load, CPU time.

Owns the method. What is compared is told in the files beside this one.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

PAUSE_S = 0.01
"""Between two calls: what one path has stirred up is not charged to the next."""

LEAST_ROUNDS = 3
BUDGET_S = 30.0

OWN_LOAD = 0.5
"""The load average lags: what ran before, ours too, is in it. So far above the number of cores it is still ours."""

OTHERS_CORES = 0.5
"""More than this, used by processes that are not ours, and a wall time says little about us."""


@dataclass
class Timed:
    """One path's calls: wall and CPU seconds (children included) of each, and the last call's answer."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    answer: Any = None

    @property
    def median_s(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall_s)

    @property
    def median_cpu_s(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.cpu_s)


@dataclass
class Quiet:
    """What else the machine did meanwhile. `judged` is False where that makes a ratio worthless."""

    load: float
    others_cores: float

    @property
    def judged(self) -> bool:
        """Whether the machine was quiet enough."""
        return self.load <= (os.cpu_count() or 1) + OWN_LOAD and self.others_cores <= OTHERS_CORES

    def words(self) -> str:
        """For the table."""
        said = f"load {self.load:.1f}, others {self.others_cores:.1f} cores"
        return said if self.judged else f"{said}: busy, not judged"


class Watch:
    """Measures the machine's quiet over a block: the load average before it, and what others used during it."""

    def __enter__(self) -> Watch:
        self._load = os.getloadavg()[0]
        self._started, self._all, self._own = time.monotonic(), _busy_s(), own_cpu_s()
        return self

    def __exit__(self, *_: object) -> None:
        elapsed = time.monotonic() - self._started
        others = (_busy_s() - self._all) - (own_cpu_s() - self._own)
        self.quiet = Quiet(self._load, max(0.0, others) / max(elapsed, 1e-9))


def alternate(paths: Mapping[str, Callable[[], Any]], *, rounds: int) -> tuple[dict[str, Timed], Quiet]:
    """Each path up to `rounds` times in turn, the order reversed every other round, after one call that does not count.

    On a busy machine the rounds end when their time is up, but never before the third.
    """
    timed = {name: Timed() for name in paths}
    for path in paths.values():
        path()
    gc.collect()
    gc.disable()
    try:
        with Watch() as watch:
            started = time.monotonic()
            for number in range(rounds):
                if number >= LEAST_ROUNDS and time.monotonic() - started > BUDGET_S:
                    break
                order = list(paths) if number % 2 == 0 else list(reversed(paths))
                for name in order:
                    _call(paths[name], timed[name])
    finally:
        gc.enable()
    return timed, watch.quiet


def _call(path: Callable[[], Any], timed: Timed) -> None:
    time.sleep(PAUSE_S)
    cpu, wall = own_cpu_s(), time.perf_counter()
    timed.answer = path()
    timed.wall_s.append(time.perf_counter() - wall)
    timed.cpu_s.append(own_cpu_s() - cpu)


def own_cpu_s() -> float:
    """CPU seconds of this process and of its children, living and waited for."""
    me = psutil.Process()
    spent = me.cpu_times()
    total = spent.user + spent.system + spent.children_user + spent.children_system
    for child in me.children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system + used.children_user + used.children_system
    return total


def _busy_s() -> float:
    """CPU seconds that all processes of the machine have used."""
    spent = psutil.cpu_times()
    return spent.user + spent.nice + spent.system + spent.irq + spent.softirq


def peak_mib(pid: int | str = "self") -> float:
    """Largest resident memory that a process ever had (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system tells no VmHWM")
