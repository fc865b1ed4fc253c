"""The method behind the figures of `make bench`."""

from __future__ import annotations

import os
import time

import pytest

from benchmarks.measure import Quiet, alternate, peak_mib


def test_order_is_reversed_every_other_round_after_one_call_that_does_not_count() -> None:
    """Whoever always goes second finds warm caches, or a hot processor."""
    called: list[str] = []

    timed, _ = alternate({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=4)

    assert "".join(called) == "ab" + "ab" + "ba" + "ab" + "ba"
    assert len(timed["a"].wall_s) == len(timed["b"].cpu_s) == 4


def test_waiting_is_wall_time_and_no_processor_time() -> None:
    """On a busy machine the two differ, and that is why both are told."""
    timed, _ = alternate({"sleep": lambda: time.sleep(0.05)}, rounds=3)

    assert timed["sleep"].median_s >= 0.05
    assert timed["sleep"].median_cpu_s < 0.05


@pytest.mark.parametrize(("load", "others", "judged"), [(0.5, 0.1, True), (0.5, 0.6, False), (1000.0, 0.0, False)])
def test_busy_machine_is_not_judged(load: float, others: float, judged: bool) -> None:
    """A ratio measured while others computed says more about them."""
    quiet = Quiet(load, others)

    assert quiet.judged is judged
    assert ("not judged" in quiet.words()) is not judged


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="VmHWM is Linux's")  # noqa: PTH110
def test_peak_memory_grows_with_what_is_held() -> None:
    """A figure of memory that does not move with memory would be worthless."""
    before = peak_mib()
    held = bytearray(b"x" * (64 << 20))

    assert peak_mib() >= before
    assert len(held) == 64 << 20
