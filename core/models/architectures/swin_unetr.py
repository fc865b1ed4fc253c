"""Swin UNETR in two and three dimensions (Hatamizadeh 2022), MONAI's, version 1 blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.architectures._base import Architecture, Shapes, Task, no_heat

if TYPE_CHECKING:
    from torch import nn

    from core.models.config import ModelConfig

DIVISOR = 32
"""Patch embedding halves once and each of four stages once more."""


def build(config: ModelConfig) -> nn.Module:
    """A fresh network; MONAI itself needs `einops` for it."""
    from monai.networks.nets.swin_unetr import SwinUNETR

    network: nn.Module = SwinUNETR(
        in_channels=config.in_channels,
        out_channels=config.seg_out_channels,
        feature_size=config.feature_size,
        spatial_dims=config.spatial_dims,
    )
    return network


def infer(shapes: Shapes) -> dict[str, Any] | None:
    """Channels and feature size from the patch embedding and the last layer."""
    first = shapes.get("swinViT.patch_embed.proj.weight", ())
    last = shapes.get("out.conv.conv.weight", ())
    if len(first) not in (4, 5) or len(last) != len(first):
        return None
    sizes = {"in_channels": first[1], "feature_size": first[0], "seg_out_channels": last[0]}
    return {**sizes, "spatial_dims": len(first) - 2}


ARCHITECTURE = Architecture(
    name="swin_unetr",
    task=Task.SEGMENTATION,
    fields=("in_channels", "seg_out_channels", "feature_size"),
    build=build,
    infer=infer,
    heat_layer=no_heat,
    preset="mri-1mm",
    spatial_dims=(3, 2),
    probe_side=lambda _: 2 * DIVISOR,
    divisor=lambda _: DIVISOR,
)
