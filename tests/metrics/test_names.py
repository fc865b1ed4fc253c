"""Many ids as one block of bytes, read like a tuple."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.names import Names

TEXTS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), max_size=30)


@given(texts=TEXTS)
def test_block_is_read_like_the_texts_it_was_made_of(texts: list[str]) -> None:
    """Whoever held a tuple before must notice nothing."""
    names = Names.of(texts)

    assert list(names) == texts
    assert names == tuple(texts)
    assert [names[i] for i in range(-len(texts), len(texts))] == texts + texts
    assert names[1:3] == texts[1:3]
    assert len(names) == len(texts)
    with pytest.raises(IndexError):
        names[len(texts)]


@given(texts=TEXTS)
def test_repeats_are_those_of_a_dictionary(texts: list[str]) -> None:
    """Each case may appear once: the slow way says the same."""
    first: dict[str, int] = {}
    slow = [(row, known) for row, text in enumerate(texts) if (known := first.setdefault(text, row)) != row]

    assert Names.of(texts).repeats() == slow


def test_equal_hashes_of_different_texts_are_no_repeat() -> None:
    """The hash only finds suspects; the texts decide."""
    block, ends = b"abcd", np.array([1, 2, 3, 4])

    assert Names(block, ends, np.zeros(4, np.int64)).repeats() == []
    assert Names(b"abca", ends, np.zeros(4, np.int64)).repeats() == [(3, 0)]


def test_rows_are_taken_in_the_order_asked() -> None:
    """A part of a cohort keeps its ids beside its scores."""
    names = Names.of(("ä", "b", "c"))

    assert names.take([2, 0]) == ("c", "ä")
    assert names.take([0, 1, 2]) is names
