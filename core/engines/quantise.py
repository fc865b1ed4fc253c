"""A network's graph with 8-bit steps put into it: ranges measured on real inputs, weights left in the checkpoint.

Owns the calibration by NNCF, a tool for making and none for running. The result is a graph like any other: it holds
scales and rounding steps, and is filled from the checkpoint's own tensors, which are rounded when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from core.engines.engine import Batch
from core.engines.graph import Graph, strip
from core.errors import NotInstalled
from core.models.exporting import INPUT, quiet
from core.models.loading import read_weights
from core.models.model import Model

if TYPE_CHECKING:
    from onnx import ModelProto

IN_FLOAT = ("ConvTranspose",)
"""Operations that stay in float32: with upsampling in 8 bits the hippocampus network's lowest Dice fell from 0.995 to
0.945, and it is a small part of the work."""

ROUNDED = "q_output_"
"""How NNCF calls a weight that it has rounded: this, the weight's name, an underscore and a number."""


def quantised_graph(model: Model, graph: Graph, batches: Sequence[Batch]) -> bytes:
    """The stripped 8-bit graph of a model. batches : what the network is fed, of cases that taught it.

    Raises
    ------
    NotInstalled : NNCF is not there.
    """
    import onnx

    os.environ.setdefault("NNCF_CI", "1")  # else it tells its makers that it was used
    try:
        with quiet():
            import nncf
    except ImportError as fault:
        raise NotInstalled(
            found="This needs nncf, which is not installed.",
            why="It measures the ranges that 8 bits are to cover. Running the result needs none of it.",
            do="Install it: pip install -r requirements-dev.txt.",
        ) from fault
    weights = read_weights(model)
    with quiet():
        quantised = nncf.quantize(
            onnx.load_from_string(graph.filled(weights)),
            nncf.Dataset(batches, lambda batch: {INPUT: batch}),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(batches),
            ignored_scope=nncf.IgnoredScope(types=list(IN_FLOAT), validate=False),
            # A corrected bias would be a weight of the graph's own, and this way of it cannot do without biases.
            advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=True),
        )
    _round_when_opened(quantised, weights)
    for tensor in quantised.graph.initializer:
        if tensor.name not in weights:  # the way a graph writes its constants down; else one would pass for a weight
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    return strip(quantised, weights, model.weights_sha256)


def _round_when_opened(program: ModelProto, weights: Mapping[str, NDArray[Any]]) -> None:
    """Put the weight and the step that rounds it in the place of each rounded weight."""
    from onnx import TensorProto, helper

    graph = program.graph
    rounded = {tensor.name: tensor for tensor in graph.initializer if tensor.name.startswith(ROUNDED)}
    present = {tensor.name for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        tensor = rounded.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        name = "" if tensor is None else tensor.name.removeprefix(ROUNDED).rpartition("_")[0]
        if tensor is not None and name in weights and weights[name].shape == tuple(tensor.dims):
            step = helper.make_node("QuantizeLinear", [name, *node.input[1:]], [tensor.name])
            step.attribute.extend(node.attribute)  # the axis
            nodes.append(step)
            graph.initializer.remove(tensor)
            if name not in present:
                present.add(name)
                graph.initializer.add(name=name, dims=tensor.dims, data_type=TensorProto.FLOAT, raw_data=b"")
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
