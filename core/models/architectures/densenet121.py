"""DenseNet-121 (Huang 2017), torchvision's."""

from __future__ import annotations

from core.models.architectures._heads import relu_mean_then_linear
from core.models.architectures._torchvision import classifier

ARCHITECTURE = classifier(
    "densenet121",
    stem="features.conv0",
    head="classifier",
    marks=("features.denseblock1.denselayer1.conv1.weight",),
    heat=lambda network: network.features,
    gradient=relu_mean_then_linear("classifier"),
)
