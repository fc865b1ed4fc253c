"""How many windows go at a time."""

from __future__ import annotations

import pytest

from core.inference import batching
from core.inference.batching import SAMPLE_BYTES, SHARE, at_a_time


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The free memory in bytes, to be changed."""
    memory = [2**40]
    monkeypatch.setattr(batching, "free_bytes", lambda _place: memory[0])
    return memory


@pytest.mark.parametrize(("side", "expected"), [(128, 1), (96, 1), (64, 2), (32, 9)])
def test_large_windows_go_alone_on_a_cpu_and_small_ones_together(free: list[int], side: int, expected: int) -> None:
    """Measured: a batch of large windows takes more time and more memory than the windows one by one."""
    assert at_a_time(18, (side,) * 3, "cpu", 16) == expected


def test_memory_bounds_the_batch_and_one_window_always_goes(free: list[int]) -> None:
    """A machine that runs out of memory stops other people's work too."""
    for windows in (0, 1, 3):
        free[0] = int(windows * 64**3 * SAMPLE_BYTES / SHARE)
        assert at_a_time(18, (64,) * 3, "cuda", 16) == max(1, windows)


def test_batches_are_even_so_that_a_network_sees_one_shape(free: list[int]) -> None:
    """A runtime prepares itself for each new shape; 18 windows in sixteens would leave a batch of two."""
    assert at_a_time(18, (64,) * 3, "cuda", 16) == 9
    assert at_a_time(8, (64,) * 3, "cuda", 3) == 3
