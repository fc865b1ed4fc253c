"""Reading one item ahead."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from core.workflows.ahead import ahead


def test_the_next_is_read_while_the_caller_is_busy_and_never_the_one_after() -> None:
    """Decoding and network overlap; more than two volumes at a time would fill the memory."""
    read = {number: threading.Event() for number in range(4)}

    def make(number: int) -> str:
        read[number].set()
        return f"study {number}"

    seen = []
    for number, made in ahead(range(4), make):
        if number < 3:
            assert read[number + 1].wait(10)
        assert not any(read[later].is_set() for later in range(number + 2, 4))
        seen.append((number, made))

    assert seen == [(number, f"study {number}") for number in range(4)]


def test_a_failure_comes_with_its_item_and_closing_reads_no_further() -> None:
    """A cancelled run must not decode the rest of the folder."""
    read = []

    def make(number: int) -> int:
        read.append(number)
        return 6 // (2 - number)

    with closing(ahead(range(9), make)) as coming:
        assert next(coming) == (0, 3)
        assert next(coming) == (1, 6)
        with pytest.raises(ZeroDivisionError):
            next(coming)
    assert read == [0, 1, 2]
    assert list(ahead([], make)) == []
