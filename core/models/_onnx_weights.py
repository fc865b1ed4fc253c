"""The weights of an ONNX model: its named initialisers, taken out without running its graph. Runs in the worker only.

Owns what is taken and what is not: numbers inside the file, never those of another file that it points at; metadata
as text. Whose weights they are is decided as for every other checkpoint.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import CheckpointError
from core.models._foreign_words import damaged, over
from core.settings import settings

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto
    from torch import Tensor

NAMELESS = re.compile(r"onnx::|val_\d|_?\d+$|/")
"""How exporters call numbers that they have folded or turned round: no name of a layer."""

COUNTER = "num_batches_tracked"
"""Beside each batch normalisation; counts steps of training, and no graph for predicting holds it."""

READ = frozenset({"f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"})
"""NumPy's codes of the numbers that are read."""

MAX_METADATA = 8 * 2**20
"""Characters of metadata that are looked at."""


def read_onnx(path: Path) -> tuple[dict[str, Tensor], dict[str, str], tuple[str, ...]]:
    """The tensors by name, the metadata, and what was changed in a sentence each.

    Raises
    ------
    CheckpointError : damaged, over a limit, its numbers lie in another file, or its weights carry no names.
    """
    import onnx
    import torch
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model(str(path), load_external_data=False)
        metadata = _metadata(model)
        found = list(model.graph.initializer)
    except (DecodeError, UnicodeDecodeError, OSError, ValueError, TypeError) as error:
        raise damaged() from error
    if len(found) > settings().checkpoint_tensors:
        raise over(f"{len(found):,} tensors", f"{settings().checkpoint_tensors:,} tensors")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in found):
        raise CheckpointError(
            found="The ONNX model keeps its weights in another file.",
            why="A place that a file names is never opened here.",
            do="Save it whole: onnx.save_model(model, file, save_as_external_data=False).",
        )
    # Constants of the graph are kept apart: they are shapes and axes, and no layer has names like these.
    named = {tensor.name: tensor for tensor in found if not NAMELESS.match(tensor.name)}
    state = {name: torch.from_numpy(_numbers(tensor)) for name, tensor in named.items()}
    folded = len(found) - len(named)
    if not state or _mostly_folded(found):
        raise CheckpointError(
            found=f"The weights of {folded} layers have no names of layers in this ONNX model.",
            why="They were folded into one another when it was exported, and no network of our table has them so.",
            do="Bring the PyTorch checkpoint that it was exported from, or export again without folding constants.",
        )
    counters = {
        f"{name.removesuffix('running_mean')}{COUNTER}": torch.tensor(0)
        for name in state
        if name.endswith("running_mean")
    }
    missing = {name: value for name, value in counters.items() if name not in state}
    notes = (f"{COUNTER}, which only training needs, was set to 0 in {len(missing)} layers.",) if missing else ()
    return {**state, **missing}, metadata, notes


def _mostly_folded(found: list[TensorProto]) -> bool:
    """Whether most of the numbers that could be weights of layers go without a layer's name."""
    large = [tensor for tensor in found if len(tensor.dims) >= 2]
    return sum(bool(NAMELESS.match(tensor.name)) for tensor in large) * 2 > len(large)


def _metadata(model: ModelProto) -> dict[str, str]:
    pairs = {entry.key: entry.value for entry in model.metadata_props}
    if sum(len(key) + len(value) for key, value in pairs.items()) > MAX_METADATA:
        raise ValueError("more metadata than a configuration has")
    return pairs


def _numbers(tensor: TensorProto) -> Any:  # an array of any type of number
    """The tensor's numbers in memory of their own; its size is looked at before any are made."""
    from onnx import numpy_helper

    count = int(np.prod([min(max(int(n), 0), 2**40) for n in tensor.dims], dtype=np.float64))
    if any(n < 0 for n in tensor.dims) or len(tensor.dims) > 8 or count > tensor.ByteSize():
        raise damaged()  # no type has more numbers than bytes, but for packed ones that no network here has
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, NotImplementedError, OverflowError, MemoryError) as error:
        raise damaged() from error
    if array.dtype.str.lstrip("<|=") not in READ:
        raise CheckpointError(
            found=f"The tensor {tensor.name[:80]} is of a kind that is not read ({array.dtype}).",
            why="Only plain numbers can fill a network.",
            do="Export the network with float32 weights.",
        )
    return np.array(array)
