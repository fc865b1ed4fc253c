"""MobileNetV3-small (Howard 2019), torchvision's."""

from __future__ import annotations

from core.models.architectures._heads import mean_then_hidden
from core.models.architectures._torchvision import classifier

ARCHITECTURE = classifier(
    "mobilenet_v3_small",
    stem="features.0.0",
    head="classifier.3",
    heat=lambda network: network.features,
    gradient=mean_then_hidden("classifier.0", "classifier.3"),
)
