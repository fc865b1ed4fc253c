"""A checkpoint's nested content as JSON and arrays, there and back: the worker's answer carries no pickle.

JSON knows no tuples, no numbers as keys and no infinity, so those stand in small marked tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 64


def encode(value: Any, arrays: dict[str, NDArray[Any]], depth: int = 0) -> Any:  # content -> JSON
    """The content as JSON; its tensors are put into `arrays` under names that the JSON mentions.

    Raises
    ------
    ValueError : it is nested deeper than any checkpoint of ours.
    """
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, Mapping):
        return {"table": [[encode(k, arrays, depth + 1), encode(v, arrays, depth + 1)] for k, v in value.items()]}
    if isinstance(value, list):
        return [encode(v, arrays, depth + 1) for v in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(v, arrays, depth + 1) for v in value]}
    if hasattr(value, "detach"):
        name = f"t{len(arrays)}"
        arrays[name] = _numbers(value)
        return {"tensor": [name, list(value.shape)]}
    if hasattr(value, "item"):
        return encode(value.item(), arrays, depth + 1)
    return {"other": type(value).__name__}


def decode(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:  # JSON -> content
    """The content that `encode` took apart, its tensors as torch tensors."""
    import torch

    if isinstance(value, list):
        return [decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    ((mark, held),) = value.items()
    if mark == "table":
        return {decode(k, arrays): decode(v, arrays) for k, v in held}
    if mark == "tuple":
        return tuple(decode(v, arrays) for v in held)
    if mark == "tensor":
        name, shape = held  # kept apart because a single number may come back as a row of one
        return torch.from_numpy(np.array(arrays[name]).reshape(shape))
    if mark == "float":
        return float(held)
    return f"({held})"


def _numbers(tensor: Any) -> NDArray[Any]:  # a torch tensor; the module does not import torch to name the type
    plain = tensor.detach()
    if str(plain.dtype) == "torch.bfloat16":
        plain = plain.float()  # NumPy has no such type; every value is kept
    array: NDArray[Any] = plain.contiguous().numpy()
    return array
