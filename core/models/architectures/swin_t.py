"""Swin Transformer, tiny (Liu 2021), torchvision's."""

from __future__ import annotations

from core.models.architectures._torchvision import classifier

# Its features lie as (n, rows, columns, channels) until `permute`.
ARCHITECTURE = classifier(
    "swin_t",
    stem="features.0.0",
    head="head",
    marks=("features.1.0.attn.relative_position_bias_table",),
    heat=lambda network: network.permute,
)
