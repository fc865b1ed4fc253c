"""Framing of messages and arrays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from core.isolation._wire import MAX_MESSAGE, load_arrays, read_message, save_arrays, write_message


def test_message_there_and_back() -> None:
    """Two in a row: the length decides where one ends."""
    stream = io.BytesIO()
    write_message(stream, {"a": [1, None, "ü"]})
    write_message(stream, {"b": 2})
    stream.seek(0)

    assert [read_message(stream) for _ in range(3)] == [{"a": [1, None, "ü"]}, {"b": 2}, None]


def test_cut_message_is_none_and_not_half_an_answer() -> None:
    """A child that dies while it writes."""
    stream = io.BytesIO()
    write_message(stream, {"a": 1})

    assert read_message(io.BytesIO(stream.getvalue()[:-1])) is None


def test_lying_length_is_refused() -> None:
    """A child taken over by a file could claim four gigabytes."""
    with pytest.raises(ValueError, match="too long"):
        read_message(io.BytesIO((MAX_MESSAGE + 1).to_bytes(4, "little")))


def test_numbers_that_json_does_not_know_are_refused() -> None:
    """NaN in a report would be read back by nobody else."""
    with pytest.raises(ValueError, match="JSON"):
        write_message(io.BytesIO(), {"a": float("nan")})


def test_what_is_no_object_is_refused() -> None:
    """A list where an object is due is a broken other side."""
    with pytest.raises(TypeError):
        read_message(io.BytesIO(b"\x02\0\0\0[]"))


def test_arrays_there_and_back(tmp_path: Path) -> None:
    """Kinds that studies and predictions hold, none contiguous."""
    arrays = {
        "pixels": np.arange(24, dtype=np.float32).reshape(2, 3, 4).T,
        "labels": np.ones((2, 2), np.uint8),
        "affine": np.eye(4),
        "mask": np.array([True, False]),
    }
    save_arrays(tmp_path, arrays)

    back = load_arrays(tmp_path)

    assert all(np.array_equal(back[name], array) and back[name].dtype == array.dtype for name, array in arrays.items())
    assert load_arrays(tmp_path / "nowhere") == {}
