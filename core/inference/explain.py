"""Where in the picture a class score is sensitive to: Grad-CAM in the same forward pass as the score.

Owns the map by gradients, for torch; where a head has a closed form, `heat` makes the same map without them.
The way to the study's own grid is the preprocessing's, blending over windows is `sliding_window`'s.

References
----------
Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2: each feature map weighed by the mean of the
class score's gradient over it, summed, negative values cut off.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.engines.engine import Batch, Outputs
from core.engines.torch_engine import TorchEngine, memory_errors
from core.inference.explaining import ForOneClass
from core.models import architectures
from core.models.building import named_outputs

UPSAMPLING = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""By spatial dimensions, torch's name of linear interpolation."""


class GradCam(ForOneClass[TorchEngine]):
    """A torch engine that answers with a heat map beside its outputs; satisfies `Engine`.

    The part of the network before the heat layer runs without gradients, the part behind it with: one
    forward pass, and a backward pass through the head alone. Its hook is gone when `run` returns.
    """

    def run(self, batch: Batch) -> Outputs:
        """Raw outputs, and 'heat' (n, 1, *spatial) of the batch, unscaled and never negative."""
        model, network = self.engine.model, self.engine.network
        layer = architectures.get(model.config.model_type).heat_layer(network)
        if layer is None:
            raise ValueError(f"{model.config.model_type} has no heat layer")
        with memory_errors(), torch.no_grad(), self.engine.arithmetic():
            inputs = torch.from_numpy(batch).to(self.engine.device)
            answer, features = _forward(network, layer, inputs)
            outputs = named_outputs(model.task, answer)
            started = time.perf_counter()
            heat = _weigh(outputs["logits"][:, self.target], features)
            outputs["heat"] = F.interpolate(
                heat, inputs.shape[2:], mode=UPSAMPLING[inputs.ndim - 2], align_corners=False
            )
            found = {name: value.detach().float().cpu().numpy() for name, value in outputs.items()}
            self.seconds += time.perf_counter() - started
        return self.run(batch) if self.engine.overflowed(found) else found


def _forward(network: nn.Module, layer: nn.Module, inputs: Tensor) -> tuple[Any, Tensor]:
    """The network's answer and its features at `layer`, with gradients from there on and none before."""
    kept: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)  # until the surrounding no_grad puts it back
        return kept[0].clone()  # the head may write in place (DenseNet's ReLU does)

    handle = layer.register_forward_hook(cut)
    try:
        return network(inputs), kept[0]
    finally:
        handle.remove()


def _weigh(scores: Tensor, features: Tensor) -> Tensor:
    """Grad-CAM (n, 1, *layer) from scores (n,) and features (n, channels, *layer)."""
    # Scaled by the layer's size: float16 gradients of a mean would underflow, and the peak scales anyway.
    scale = float(np.prod(features.shape[2:]))
    (gradient,) = torch.autograd.grad(scores.float().sum() * scale, features)
    spatial = tuple(range(2, features.ndim))
    weights = gradient.float().mean(dim=spatial, keepdim=True)
    return torch.relu((weights * features.detach().float()).sum(dim=1, keepdim=True))
