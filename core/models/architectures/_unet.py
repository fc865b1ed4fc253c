"""MONAI's residual U-Net in two and three dimensions; the channels double at each level.

Each level halves the grid, as in MONAI's own examples, but for the first where `top_stride` is 1: small
structures then keep features of their own resolution. Without residual units it leaves no trace in the tensors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core.models.architectures._base import Architecture, Shapes, Task, no_heat

if TYPE_CHECKING:
    from torch import nn

    from core.models.config import ModelConfig

_DOWN, _INNER = "model.", "1.submodule."
"""MONAI nests its levels: model.0 goes down, model.1.submodule holds the next level."""


def unet(name: str, spatial_dims: int, preset: str) -> Architecture:
    """The row of the U-Net in that many dimensions."""

    def build(config: ModelConfig) -> nn.Module:
        from monai.networks.nets.unet import UNet

        network: nn.Module = UNet(
            spatial_dims=spatial_dims,
            in_channels=config.in_channels,
            out_channels=config.seg_out_channels,
            channels=tuple(config.base_filters * 2**level for level in range(config.depth + 1)),
            strides=(config.top_stride, *(2,) * (config.depth - 1)),
            num_res_units=config.res_units,
            norm=config.norm,
        )
        return network

    return Architecture(
        name=name,
        task=Task.SEGMENTATION,
        fields=("in_channels", "seg_out_channels", "base_filters", "depth"),
        build=build,
        infer=lambda shapes: _infer(shapes, spatial_dims),
        heat_layer=no_heat,
        preset=preset,
        spatial_dims=(spatial_dims,),
        # The lowest level keeps two voxels a side: instance norm needs more than one.
        probe_side=lambda config: max(32, 2 ** (config.depth + 1)),
        divisor=lambda config: config.top_stride * 2 ** (config.depth - 1),
    )


def _infer(shapes: Shapes, spatial_dims: int) -> dict[str, Any] | None:
    first = _first_convolution(shapes, f"{_DOWN}0.")
    if first is None or len(first) != spatial_dims + 2:
        return None
    depth = 1
    while any(key.startswith(f"{_DOWN}{_INNER * depth}0.") for key in shapes):
        depth += 1
    units = {int(m[1]) for key in shapes if (m := re.match(r"model\.0\.conv\.unit(\d+)\.", key))}
    last = [shape for key, shape in shapes.items() if key.startswith(f"{_DOWN}2.") and key.endswith("conv.weight")]
    if not last:
        return None
    # A transposed convolution stores (in, out, …), a plain one (out, in, …); the last unit is plain.
    out = last[-1][0] if units else last[-1][1]
    # The way around a level's units is as wide as its stride asks for, and nothing where it changes nothing.
    around = shapes.get(f"{_DOWN}0.residual.weight", (0, 0, 1))
    return {
        **({"top_stride": 1 if around[2] == 1 else 2} if units else {}),
        "in_channels": first[1],
        "base_filters": first[0],
        "depth": depth,
        "seg_out_channels": out,
        "res_units": len(units),
        "norm": "batch" if any(key.endswith("running_mean") for key in shapes) else "instance",
        "spatial_dims": spatial_dims,
    }


def _first_convolution(shapes: Shapes, prefix: str) -> tuple[int, ...] | None:
    for key in (f"{prefix}conv.unit0.conv.weight", f"{prefix}conv.weight"):
        if key in shapes:
            return shapes[key]
    return None
