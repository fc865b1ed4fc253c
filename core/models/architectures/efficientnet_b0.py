"""EfficientNet-B0 (Tan 2019), torchvision's."""

from __future__ import annotations

from core.models.architectures._torchvision import classifier

ARCHITECTURE = classifier(
    "efficientnet_b0",
    stem="features.0.0",
    head="classifier.1",
    marks=("features.1.0.block.1.fc1.weight",),
    heat=lambda network: network.features,
)
