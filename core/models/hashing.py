"""Two identities of a checkpoint: of its weights, and of its file.

`weights_sha256` is over the tensors sorted by name: for each, one line of JSON `[name, type, shape]` with
safetensors' name of the type, then its bytes, little-endian, rows first. Results, operating points and parity
reports are bound to it; it does not change when a card is corrected. `file_sha256` is over the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.models.strict_json import canonical_json
from core.models.tensor_file import CODES, Header, mapped

_CHUNK = 1 << 20


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def weights_sha256(state: Mapping[str, Any]) -> str:
    """SHA-256 of named tensors, in hex: torch tensors or NumPy arrays alike."""
    return _over((name, *_array_part(state[name])) for name in sorted(state))


def stored_weights_sha256(path: Path, header: Header) -> str:
    """`weights_sha256` of what a safetensors file holds, without making arrays of it."""
    with mapped(path) as view:
        parts = (
            (name, e.dtype, e.shape, view[header.data_start + e.begin : header.data_start + e.end])
            for name, e in sorted(header.tensors.items())
        )
        return _over(parts)


def text_sha256(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _over(parts: Iterable[tuple[str, str, tuple[int, ...], Any]]) -> str:  # the last is anything hashlib reads
    digest = hashlib.sha256()
    for name, dtype, shape, content in parts:
        digest.update(canonical_json([name, dtype, list(shape)]).encode() + b"\n")
        digest.update(content)
    return digest.hexdigest()


def _array_part(value: Any) -> tuple[str, tuple[int, ...], bytes]:  # a torch tensor or an array
    array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return CODES[little.dtype], tuple(array.shape), little.tobytes()
