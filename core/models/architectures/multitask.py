"""Ours: a shared encoder with a segmentation and a classification head, in two or three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.architectures._base import Architecture, Shapes, Task
from core.models.architectures._heads import mean_then_linear

if TYPE_CHECKING:
    from torch import nn

    from core.models.config import ModelConfig


def build(config: ModelConfig) -> nn.Module:
    """A fresh network."""
    from core.models.architectures._multitask_net import create_multi_task_model

    return create_multi_task_model(**{**config.get_model_params(), "spatial_dims": config.spatial_dims})


def infer(shapes: Shapes) -> dict[str, Any] | None:
    """Sizes from the first block, the number of blocks and the two heads."""
    first = shapes.get("encoder.0.conv1.weight", ())
    segmentation = shapes.get("segmentation_head.weight", ())
    classification = shapes.get("classification_head.weight", ())
    if len(first) not in (4, 5) or len(segmentation) != len(first) or len(classification) != 2:
        return None
    return {
        "in_channels": first[1],
        "base_filters": first[0],
        "depth": len({key.split(".")[1] for key in shapes if key.startswith("encoder.")}),
        "seg_out_channels": segmentation[0],
        "cls_num_classes": classification[0],
        "spatial_dims": len(first) - 2,
    }


ARCHITECTURE = Architecture(
    name="multitask",
    task=Task.MULTITASK,
    fields=("in_channels", "seg_out_channels", "cls_num_classes", "base_filters", "depth"),
    build=build,
    infer=infer,
    heat_layer=lambda network: network.get_submodule("bottleneck"),
    preset="slice-256",
    spatial_dims=(2, 3),
    probe_side=lambda config: max(32, 2**config.depth),
    divisor=lambda config: 2**config.depth,
    head_gradient=mean_then_linear("classification_head"),
)
