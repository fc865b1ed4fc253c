"""The multitask network itself: one encoder, a decoder that segments, and a head that classifies.

Apart from `multitask` because a network class needs torch when it is defined.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

# The layer of each kind in two and three dimensions.
CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
BATCH_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAX_POOL = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


class Block(nn.Module):
    """Two convolutions of 3, each with batch norm and ReLU; the grid stays as it is."""

    def __init__(self, inputs: int, outputs: int, spatial_dims: int) -> None:
        super().__init__()
        convolution, norm = CONVOLUTION[spatial_dims], BATCH_NORM[spatial_dims]
        self.conv1 = convolution(inputs, outputs, 3, padding=1, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = convolution(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, *spatial) -> (n, outputs, *spatial)."""
        x = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(x)))


class MultiTaskNet(nn.Module):
    """Segmentation and classification over one encoder.

    The classification head is one linear layer over the mean of the bottleneck, so that a heat map
    has a closed form.
    """

    def __init__(
        self,
        in_channels: int = 1,
        seg_out_channels: int = 1,
        cls_num_classes: int = 2,
        base_filters: int = 64,
        depth: int = 4,
        spatial_dims: int = 2,
    ) -> None:
        super().__init__()
        widths = [base_filters * 2**level for level in range(depth + 1)]
        inputs = [in_channels, *widths[: depth - 1]]
        self.encoder = nn.ModuleList(Block(i, o, spatial_dims) for i, o in zip(inputs, widths[:-1], strict=True))
        self.pool = MAX_POOL[spatial_dims](2)
        self.bottleneck = Block(widths[-2], widths[-1], spatial_dims)
        rising = range(depth - 1, -1, -1)
        self.up = nn.ModuleList(TRANSPOSED[spatial_dims](widths[n + 1], widths[n], 2, stride=2) for n in rising)
        self.decoder = nn.ModuleList(Block(2 * widths[n], widths[n], spatial_dims) for n in rising)
        self.segmentation_head = CONVOLUTION[spatial_dims](widths[0], seg_out_channels, 1)
        self.classification_head = nn.Linear(widths[-1], cls_num_classes)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(n, in_channels, *spatial), sides multiples of 2 ** depth -> 'segmentation' and 'logits'."""
        skips = []
        for block in self.encoder:
            x = cast(Tensor, block(x))  # a Module's call is untyped
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        logits = self.classification_head(x.flatten(2).mean(2))
        for up, block, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = block(torch.cat([skip, up(x)], dim=1))
        return {"segmentation": self.segmentation_head(x), "logits": logits}


def create_multi_task_model(
    in_channels: int = 1,
    seg_out_channels: int = 1,
    cls_num_classes: int = 2,
    base_filters: int = 64,
    depth: int = 4,
    spatial_dims: int = 2,
) -> nn.Module:
    """A fresh multitask network; the arguments are what `ModelConfig.get_model_params` gives."""
    return MultiTaskNet(in_channels, seg_out_channels, cls_num_classes, base_filters, depth, spatial_dims)
