"""What the torchvision classifiers share: built without weights, first layer and head sized by the configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.models.architectures._base import Architecture, Shapes, Task
from core.models.architectures._heads import HeadGradient, mean_then_linear

if TYPE_CHECKING:
    from torch import nn

    from core.models.config import ModelConfig

PRESET = "chest-xray-384"


def classifier(
    name: str,
    *,
    stem: str,
    head: str,
    marks: tuple[str, ...] = (),
    heat: Callable[[Any], nn.Module],
    gradient: HeadGradient | None = None,
) -> Architecture:
    """The row of one torchvision classifier.

    stem : path of the first convolution. head : path of the last linear layer. marks : further
    tensors that this network has and its siblings lack. heat : the layer a heat map is read from.
    gradient : of the head, where it is more than the mean and one linear layer.
    """

    def build(config: ModelConfig) -> nn.Module:
        from torchvision import models

        network: nn.Module = models.get_model(name, weights=None, num_classes=config.cls_num_classes)
        if config.in_channels != 3:
            _resize_stem(network, stem, config.in_channels)
        return network

    def infer(shapes: Shapes) -> dict[str, Any] | None:
        first, last = shapes.get(f"{stem}.weight", ()), shapes.get(f"{head}.weight", ())
        if len(first) != 4 or len(last) != 2 or any(mark not in shapes for mark in marks):
            return None
        return {"in_channels": first[1], "cls_num_classes": last[0]}

    return Architecture(
        name=name,
        task=Task.CLASSIFICATION,
        fields=("in_channels", "cls_num_classes"),
        build=build,
        infer=infer,
        heat_layer=heat,
        preset=PRESET,
        head_gradient=gradient or mean_then_linear(head),
    )


def _resize_stem(network: nn.Module, path: str, in_channels: int) -> None:
    """Put a first convolution of other width in the place of the one there."""
    from torch import nn

    old = network.get_submodule(path)
    if not isinstance(old, nn.Conv2d):
        raise TypeError(f"{path} is a {type(old).__name__}, not a convolution")
    parent, _, leaf = path.rpartition(".")
    new = nn.Conv2d(
        in_channels,
        old.out_channels,
        (old.kernel_size[0], old.kernel_size[1]),
        stride=(old.stride[0], old.stride[1]),
        padding=old.padding if isinstance(old.padding, str) else (old.padding[0], old.padding[1]),
        bias=old.bias is not None,
    )
    setattr(network.get_submodule(parent), leaf, new)
