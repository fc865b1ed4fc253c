"""The numbers of a task's limits."""

from __future__ import annotations

import pytest

from core.isolation import Limits


def test_limit_of_nothing_is_refused() -> None:
    """A limit of 0 would kill every task, and look like a hostile file."""
    with pytest.raises(ValueError, match="positive"):
        Limits(memory_mib=0, cpu_s=1, wall_s=1)
