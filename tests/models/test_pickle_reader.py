"""A pickle read as data gives what unpickling gives where it is harmless, and records where it is not."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.models.pickle_reader import Made, Name, read_pickle, walk
from core.models.pickled_tensors import TENSORS

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(PLAIN, st.sampled_from([2, 3, 4, 5]))
def test_plain_values_are_read_as_unpickling_would(value: Any, protocol: int) -> None:
    """The library's own machine is the oracle, over all protocols that PyTorch writes."""
    raw = pickle.dumps(value, protocol)
    assume(b"_codecs" not in raw and b"__builtin__" not in raw)  # bytes of protocol 2 are a call: see `plain_values`

    assert read_pickle(io.BytesIO(raw), TENSORS) == pickle.loads(raw)  # noqa: S301  # our own bytes


def test_a_call_is_a_record_and_never_made(tmp_path: Path) -> None:
    """The whole point: its name and arguments can be shown, and nothing happens."""

    class Wish:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'trap'}",)

    read = read_pickle(io.BytesIO(pickle.dumps({"a": Wish()})), TENSORS)

    assert isinstance(read["a"], Made)
    assert (read["a"].name, read["a"].called) == ("posix.system", True)
    assert not (tmp_path / "trap").exists()


def test_objects_tables_and_classes_keep_their_names_and_states() -> None:
    """What a diagnosis shows of a pickled network."""
    value = {"path": Path("/a/b"), "table": OrderedDict(a=1), "kind": OrderedDict}

    read = read_pickle(io.BytesIO(pickle.dumps(value, 2)), TENSORS)

    assert read["table"] == {"a": 1}
    assert isinstance(read["kind"], Name)
    assert read["path"].name.startswith("pathlib.")


def test_a_table_that_holds_itself_many_times_is_walked_once() -> None:
    """A billion entries in ten lists is a known way to stop a reader."""
    nest: list[Any] = []
    for _ in range(40):
        nest = [nest, nest, nest]
    nest.append(nest)

    assert sum(1 for _ in walk(nest)) < 400


@pytest.mark.parametrize(
    "raw", [b"", b".", b"\x80\x02", b"\x80\x02h\xff.", b"(((((.", b"\x80\x02}(NN", b"\x80\x02}()\x85Nu."]
)
def test_instructions_that_do_not_fit_together_are_a_value_error(raw: bytes) -> None:
    """Whatever a file holds, there is one way to say that it is damaged."""
    with pytest.raises(ValueError, match=r"\w"):
        read_pickle(io.BytesIO(raw), TENSORS)
