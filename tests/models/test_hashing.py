"""Identity of weights: of what they are, not of how they are stored."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from core.models import file_sha256, weights_sha256
from core.models.hashing import stored_weights_sha256
from core.models.tensor_file import read_header, write_tensors

ARRAYS = {"b": np.arange(4, dtype=np.float32), "a": np.array([[1, 2]], dtype=np.int64)}


def test_the_hash_is_over_sorted_names_types_shapes_and_bytes() -> None:
    """Written out by hand, so that another program can check it."""
    digest = hashlib.sha256(b'["a","I64",[1,2]]\n')
    digest.update(ARRAYS["a"].tobytes() + b'["b","F32",[4]]\n' + ARRAYS["b"].tobytes())

    assert weights_sha256(ARRAYS) == digest.hexdigest()


def test_arrays_tensors_and_a_file_hash_alike(tmp_path: Path) -> None:
    """Results are bound to this hash wherever the weights come from; facts do not change it."""
    write_tensors(tmp_path / "x", ARRAYS, {"fact": "any"})
    tensors = {name: torch.from_numpy(array) for name, array in reversed(ARRAYS.items())}

    assert weights_sha256(tensors) == weights_sha256(ARRAYS)
    assert stored_weights_sha256(tmp_path / "x", read_header(tmp_path / "x")) == weights_sha256(ARRAYS)
    assert file_sha256(tmp_path / "x") == hashlib.sha256((tmp_path / "x").read_bytes()).hexdigest()


def test_order_in_memory_does_not_matter_but_every_change_does() -> None:
    """Fortran order is the same tensor; another name, type, shape or value is another model."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    same = weights_sha256({"x": np.asfortranarray(array)})

    assert same == weights_sha256({"x": array})
    for other in ({"y": array}, {"x": array.astype(np.float64)}, {"x": array.reshape(3, 2)}, {"x": array + 1}):
        assert weights_sha256(other) != same
