"""Our checkpoint's container: one safetensors file, its header read and checked without its weights.

Owns reading the header and writing the file, without torch and always the same way: equal content gives equal
bytes. The format is that of https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError, ConfigError
from core.models.atomic import write_atomically
from core.models.strict_json import canonical_json, parse_json_object
from core.settings import settings

DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"), "I16": np.dtype("<i2"), "I8": np.dtype("i1"), "U8": np.dtype("u1"), "BOOL": np.dtype("?"),
}  # fmt: skip
"""safetensors' names of what NumPy can hold."""

CODES = {dtype: code for code, dtype in DTYPES.items()}

MAX_HEADER_BYTES = 16 * 2**20
"""A header holds names and facts; the format itself allows 100 MB."""

PREFIX_BYTES = 8
"""Little-endian length of the header."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor lies: `begin` and `end` count from the start of the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a safetensors file: its text facts, and where each tensor lies."""

    metadata: dict[str, str]
    tensors: dict[str, Entry]
    data_start: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Tensor names with their shapes."""
        return {name: entry.shape for name, entry in self.tensors.items()}


def read_header(path: Path) -> Header:
    """The header of a safetensors file, checked against the file's size.

    Raises
    ------
    CheckpointError : missing, damaged, or beyond the limits of a checkpoint.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(PREFIX_BYTES)
            length = struct.unpack("<Q", start)[0] if len(start) == PREFIX_BYTES else 0
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - PREFIX_BYTES):
                raise _damaged("states a header length that it cannot have")
            raw = file.read(length)
    except OSError as error:
        raise _damaged("cannot be read") from error
    try:
        held = parse_json_object(raw, "The header")
    except ConfigError as error:
        raise _damaged("has a header that is no JSON object") from error
    return _checked(held, size - PREFIX_BYTES - length, PREFIX_BYTES + length)


def write_tensors(path: Path, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write a safetensors file atomically: tensors by falling alignment, then by name; facts sorted.

    Raises
    ------
    TypeError : an array has a type that the format, or NumPy, does not know.
    """
    order = sorted(arrays, key=lambda name: (-_little(arrays[name]).dtype.itemsize, name))
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    position = 0
    for name in order:
        array = _little(arrays[name])
        entries[name] = {
            "dtype": CODES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    header = canonical_json(entries).encode()
    header += b" " * (-len(header) % 64)  # so that the data starts on a cache line

    def write(file: IO[bytes]) -> None:
        file.write(struct.pack("<Q", len(header)) + header)
        for name in order:
            file.write(np.ascontiguousarray(_little(arrays[name])).tobytes())

    write_atomically(path, write)


@contextmanager
def mapped(path: Path) -> Iterator[memoryview]:
    """The bytes of a file, mapped for reading."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        view = memoryview(held)
        try:
            yield view
        finally:
            view.release()


def read_arrays(path: Path, header: Header) -> dict[str, NDArray[Any]]:
    """Every tensor in memory of its own: the file may be replaced afterwards, and the numbers lie aligned."""
    arrays: dict[str, NDArray[Any]] = {}
    with path.open("rb") as file:
        for name, entry in header.tensors.items():
            file.seek(header.data_start + entry.begin)
            count = math.prod(entry.shape)
            array = np.fromfile(file, DTYPES[entry.dtype], count)
            if array.size != count:
                raise _damaged("ends early")
            arrays[name] = array.reshape(entry.shape)
    return arrays


def _little(array: NDArray[Any]) -> NDArray[Any]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if little.dtype not in CODES:
        raise TypeError(f"a tensor of {array.dtype} has no place in a checkpoint")
    return little


def _checked(held: dict[str, Any], data_bytes: int, data_start: int) -> Header:
    limits = settings()
    metadata = held.pop("__metadata__", {})
    if not isinstance(metadata, dict) or any(type(v) is not str for v in metadata.values()):
        raise _damaged("has facts that are not text")
    if len(held) > limits.checkpoint_tensors:
        raise _damaged(f"lists {len(held):,} tensors; at most {limits.checkpoint_tensors:,} are read")
    if data_bytes > limits.checkpoint_mib * 2**20:
        raise _damaged(f"is larger than {limits.checkpoint_mib} MiB")
    tensors = {name: _entry(name, value) for name, value in held.items()}
    position = 0
    for entry in sorted(tensors.values(), key=lambda e: (e.begin, e.end)):
        if entry.begin != position:
            raise _damaged("has tensors that overlap or leave a gap")
        position = entry.end
    if position != data_bytes:
        raise _damaged(f"holds {data_bytes:,} bytes of weights where its header promises {position:,}")
    return Header(metadata, tensors, data_start)


def _entry(name: str, value: Any) -> Entry:  # whatever JSON gave
    try:
        dtype, shape, (begin, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged("describes a tensor without type, shape or place") from error
    numbers = [*shape, begin, end]
    if any(type(n) is not int or n < 0 for n in numbers) or len(shape) > 8 or len(name) > 512:
        raise _damaged("describes a tensor with a shape or place that is no count")
    if dtype not in DTYPES:
        raise _damaged(f"holds a tensor of type {str(dtype)[:20]}, which is not read here")
    if math.prod(shape) * DTYPES[dtype].itemsize != end - begin:
        raise _damaged("describes a tensor whose shape and size contradict each other")
    return Entry(dtype, shape, begin, end)


def _damaged(what: str) -> CheckpointError:
    return CheckpointError(
        found=f"The checkpoint {what}.",
        why="A damaged checkpoint would give wrong scores, or none.",
        do="Copy or download the file again.",
    )
