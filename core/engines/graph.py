"""A network's graph without its weights, so that runtimes other than torch can run a checkpoint as it is.

Owns the file: ONNX, its weights taken out, packed. It lies beside the checkpoint or in the data folder, holds no
more than the operations and their sizes (kilobytes), and is filled from the checkpoint's own verified tensors when it
is loaded. So weights are handed on once, and a graph can change no weight. What a runtime compiled of both is
kept in the data folder alone (`compiled`).
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError
from core.models.atomic import write_atomically
from core.models.model import Model
from core.settings import settings

if TYPE_CHECKING:
    from onnx import ModelProto

FEATURES: Final = "features"
"""Name of the output (n, channels, *layer) that a heat map weighs; only where the network gives scores."""

WEIGHTS_KEY: Final = "weights_sha256"
SUFFIX: Final = ".graph.onnx.gz"
LARGEST_BYTES: Final = 32 << 20
"""Of a graph unpacked; the largest of ours has one megabyte."""


_memo: dict[tuple[str, int, int, int], tuple[str | None, Graph]] = {}
"""By path, size, time of change and inode: every page asks which engine runs a model."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph as it lies on disk. sha256 : of its bytes unpacked."""

    content: bytes
    sha256: str

    def filled(self, arrays: Mapping[str, NDArray[Any]]) -> bytes:
        """The whole network as ONNX: every weight is taken from `arrays`, by name, in float32.

        Raises
        ------
        ValueError : a weight is missing, or has another shape than the graph asks for.
        """
        import onnx

        program = onnx.load_from_string(self.content)
        for tensor in program.graph.initializer:
            if tensor.HasField("raw_data"):
                continue  # a constant of the graph
            if tensor.name not in arrays or arrays[tensor.name].shape != tuple(tensor.dims):
                raise ValueError(f"the graph asks for a tensor {tensor.name[:80]} that the weights do not hold")
            wanted = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.raw_data = np.ascontiguousarray(arrays[tensor.name], dtype=wanted).tobytes()
        return bytes(program.SerializeToString())


def strip(program: ModelProto, weights: Mapping[str, Any], weights_sha256: str) -> bytes:
    """A filled ONNX program without the named weights and without its exporter's notes, as bytes.

    weights : names as in the checkpoint. weights_sha256 : whose network it is; written into the graph.
    """
    for tensor in program.graph.initializer:
        if tensor.name in weights:
            tensor.ClearField("raw_data")
    for node in program.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*program.graph.value_info, *program.graph.input, *program.graph.output):
        value.ClearField("metadata_props")
    program.graph.ClearField("metadata_props")
    program.ClearField("metadata_props")
    noted = program.metadata_props.add()
    noted.key, noted.value = WEIGHTS_KEY, weights_sha256
    return bytes(program.SerializeToString(deterministic=True))


def graph_places(model: Model) -> tuple[Path, Path]:
    """Where a model's graph may lie: beside the checkpoint, and in the data folder under the weights' hash."""
    return (
        model.path.with_name(f"{model.path.stem}{SUFFIX}"),
        settings().home / "engines" / model.weights_sha256 / f"network{SUFFIX}",
    )


def find_graph(model: Model) -> Graph | None:
    """The graph of a model's weights, from the first place that holds one; None where nobody wrote it.

    Of a variant its own one, if there is one, is for its base's weights.
    """
    for path in graph_places(model):
        try:
            told = path.stat()
        except OSError:
            continue
        key = (str(path), told.st_size, told.st_mtime_ns, told.st_ino)
        if key not in _memo:
            _memo[key] = read_graph(path, model)
        if _memo[key][0] == model.stored.weights_sha256:
            return _memo[key][1]
    return None


def write_graph(path: Path, content: bytes) -> Graph:
    """Pack a stripped graph and put it there, whole or not at all."""
    write_atomically(path, gzip.compress(content, mtime=0))
    return Graph(content, hashlib.sha256(content).hexdigest())


def read_graph(path: Path, model: Model) -> tuple[str | None, Graph]:
    """The SHA-256 of the weights whose graph lies in that file, and the graph. model : beside which it lies.

    Raises
    ------
    CheckpointError : it cannot be read.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        with gzip.open(path) as packed:
            content = packed.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise ValueError("too large")
        noted = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    except (OSError, EOFError, ValueError, DecodeError) as fault:
        raise CheckpointError(
            found=f"The graph beside {model.id} cannot be read.",
            why="Its fast engines run the network that it describes.",
            do=f"Restore {path.name} from a backup, or delete it: the network then runs on torch.",
        ) from fault
    return noted.get(WEIGHTS_KEY), Graph(content, hashlib.sha256(content).hexdigest())
