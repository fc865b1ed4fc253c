"""A checkpoint's content crosses the process boundary as JSON and arrays, unchanged."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.models._tree import decode, encode

leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=5)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(trees)
def test_there_and_back_changes_nothing(value: Any) -> None:
    """Tuples, numbers as keys and infinities are what JSON alone would lose; an optimiser has all three."""
    arrays: dict[str, Any] = {}

    assert decode(json.loads(json.dumps(encode(value, arrays), allow_nan=False)), arrays) == value


def test_tensors_come_back_with_their_shape_and_numbers() -> None:
    """Single numbers (Adam's step) must not come back as rows of one."""
    arrays: dict[str, Any] = {}
    value = {"step": torch.tensor(3.0), "w": torch.arange(6).reshape(2, 3).T, "b": torch.ones(1, dtype=torch.bfloat16)}
    told = json.loads(json.dumps(encode(value, arrays)))
    back = decode(told, {name: np.atleast_1d(np.ascontiguousarray(a)) for name, a in arrays.items()})

    assert back["step"].shape == ()
    assert torch.equal(back["w"], value["w"])
    assert back["b"].dtype == torch.float32


def test_what_has_no_place_is_told_and_depth_has_an_end() -> None:
    """No object is rebuilt on this side."""
    deep: Any = 1
    for _ in range(100):
        deep = [deep]

    assert decode(encode({1, 2}, {}), {}) == "(set)"
    assert decode(encode(np.float64(0.5), {}), {}) == 0.5
    with pytest.raises(ValueError, match="too deeply"):
        encode(deep, {})
