"""The language of worker and child: JSON after its length, arrays in a safetensors file beside it.

Owns the framing; nothing that crosses it can hold code.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Arrays = dict[str, NDArray[Any]]

ARRAYS_FILE: Final = "answer.safetensors"
LENGTH: Final = struct.Struct("<I")
MAX_MESSAGE: Final = 64 << 20
"""Bytes of one message: far above any report, far below what could fill the parent's memory."""


def write_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message and push it out."""
    body = json.dumps(message, allow_nan=False).encode()
    if len(body) > MAX_MESSAGE:
        raise ValueError("the message is too long")
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None when the other side has closed."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MAX_MESSAGE:
        raise ValueError("the message is too long")
    body = stream.read(length)
    return parse_message(body) if len(body) == length else None


def parse_message(body: bytes) -> dict[str, Any]:
    """A message's JSON object."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    return message


def save_arrays(folder: Path, arrays: Arrays) -> None:
    """Write the arrays of an answer into its folder."""
    if arrays:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS_FILE)


def load_arrays(folder: Path) -> Arrays:
    """The arrays of an answer, {} where it has none; owned by the caller, the file may go."""
    path = folder / ARRAYS_FILE
    return dict(load_file(path)) if path.exists() else {}
