"""The graph of a network, traced by torch: what the other engines run.

Owns the tracing. It is done once for a checkpoint, with torch at hand; running the result needs none.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.engines.graph import FEATURES, strip
from core.models import architectures
from core.models.building import named_outputs
from core.models.exporting import INPUT, OPSET, noise, plain_network, quiet, refused_by
from core.models.model import Model

WITHIN = "network."
"""What the tracer puts before the names of the checkpoint's tensors."""


class _Named(nn.Module):
    """A network that answers by name, with the features that a heat map weighs where it gives scores."""

    def __init__(self, network: nn.Module, model: Model) -> None:
        super().__init__()
        self.network = network
        self.task = model.task
        layer = architectures.get(model.config.model_type).heat_layer(network) if model.classes else None
        self.layer = [layer]  # in a list, so that its weights do not count as this module's too

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        kept: list[Tensor] = []
        (layer,) = self.layer
        handle = (
            None if layer is None else layer.register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
        )
        try:
            outputs = named_outputs(self.task, self.network(image))
        finally:
            if handle is not None:
                handle.remove()
        return {**outputs, FEATURES: kept[0]} if kept else outputs


def trace_graph(model: Model) -> bytes:
    """The stripped graph of a model's network, for any batch and size that the network takes.

    Raises
    ------
    CheckpointError : torch's exporter cannot follow the network, or nobody states a size to trace it at.
    """
    network = plain_network(model)
    whole = _Named(network, model).eval()
    example = torch.from_numpy(noise(model, 2))  # of one, the batch would be taken for fixed
    free = dict.fromkeys(range(example.ndim), torch.export.Dim.AUTO) | {1: None}
    with quiet(), refused_by("a graph", model), torch.no_grad():
        names = list(whole(example))
        program = torch.onnx.export(
            whole, (example,), dynamo=True, optimize=False, verbose=False, opset_version=OPSET,
            external_data=False, input_names=[INPUT], output_names=names, dynamic_shapes=(free,),
        )  # fmt: skip
        if program is None:
            raise RuntimeError("the exporter wrote a file instead of giving the program")
    proto = program.model_proto
    for tensor in proto.graph.initializer:
        tensor.name = tensor.name.removeprefix(WITHIN)
    for node in proto.graph.node:
        node.input[:] = [name.removeprefix(WITHIN) for name in node.input]
    return strip(proto, network.state_dict(), model.weights_sha256)
