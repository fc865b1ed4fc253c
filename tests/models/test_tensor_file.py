"""The container: safetensors' own library reads what we write, and no lying header gets through."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from core.errors import CheckpointError
from core.models.tensor_file import read_arrays, read_header, write_tensors
from core.settings import settings

ARRAYS = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array(7, dtype=np.int64),
    "c": np.zeros((0, 4), np.float32),
    "d": np.array([True, False]),
}


def write(path: Path, header: Any, data: bytes = b"\x00" * 24) -> Path:
    """A file with any header at all."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def entry(**changes: Any) -> dict[str, Any]:
    """A valid tensor's entry to vary: 24 bytes."""
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes


def test_the_library_reads_ours_and_we_read_the_librarys(tmp_path: Path) -> None:
    """An independent implementation on either side of the format."""
    write_tensors(tmp_path / "ours.safetensors", ARRAYS, {"config": "{}"})
    save_file(ARRAYS, tmp_path / "theirs.safetensors", {"config": "{}"})

    theirs = load_file(tmp_path / "ours.safetensors")
    header = read_header(tmp_path / "theirs.safetensors")
    ours = read_arrays(tmp_path / "theirs.safetensors", header)

    assert header.metadata == {"config": "{}"}
    for name, array in ARRAYS.items():
        for read in (theirs[name], ours[name]):
            assert read.dtype == array.dtype
            np.testing.assert_array_equal(read, array)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """The store is addressed by content, so writing must not depend on order or time."""
    write_tensors(tmp_path / "one", ARRAYS, {"a": "1", "b": "2"})
    write_tensors(tmp_path / "two", dict(reversed(ARRAYS.items())), {"b": "2", "a": "1"})

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"one", "two"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"{ ", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"x": 1, "x": 2}', "no JSON object"),
        ({"__metadata__": {"k": 1}, "a": entry()}, "not text"),
        ({"a": entry(data_offsets=[0, 12]), "b": entry(data_offsets=[0, 24])}, "contradict"),
        ({"a": entry(shape=[3], data_offsets=[12, 24])}, "gap"),
        ({"a": entry(), "b": entry()}, "overlap"),
        ({"a": entry(shape=[2, 3, 2**40], data_offsets=[0, 24])}, "contradict"),
        ({"a": entry(shape=[-2, -3])}, "no count"),
        ({"a": entry(shape=[2, 3.0])}, "no count"),
        ({"a": entry(dtype="F8_E4M3")}, "not read here"),
        ({"a": {"dtype": "F32"}}, "without type, shape or place"),
        ({"a": entry(shape=[2], data_offsets=[0, 8])}, "promises"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: Any, said: str) -> None:
    """A length field is never trusted; each of these would read beside the file or fill the memory."""
    with pytest.raises(CheckpointError, match=said):
        read_header(write(tmp_path / "x", header))


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 1) + b"{}"])
def test_a_file_too_short_for_its_header_is_refused(tmp_path: Path, content: bytes) -> None:
    """Truncation is the commonest damage."""
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(CheckpointError):
        read_header(tmp_path / "x")


def test_limits_of_tensors_and_size_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are settings of the installation."""
    write_tensors(tmp_path / "x", ARRAYS, {})
    monkeypatch.setenv("READROOM_CHECKPOINT_TENSORS", "3")
    settings.cache_clear()

    with pytest.raises(CheckpointError, match="lists 4 tensors; at most 3"):
        read_header(tmp_path / "x")


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever lies under a name ends in a header or in our refusal."""
    path = tmp_path_factory.getbasetemp() / "random.safetensors"
    path.write_bytes(content)

    with contextlib.suppress(CheckpointError):
        read_header(path)
