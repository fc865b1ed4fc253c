"""ResNet-18 (He 2016), torchvision's."""

from __future__ import annotations

from core.models.architectures._torchvision import classifier

ARCHITECTURE = classifier(
    "resnet18", stem="conv1", head="fc", marks=("layer1.1.conv2.weight",), heat=lambda network: network.layer4
)
