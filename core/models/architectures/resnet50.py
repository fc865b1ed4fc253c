"""ResNet-50 (He 2016), torchvision's."""

from __future__ import annotations

from core.models.architectures._torchvision import classifier

ARCHITECTURE = classifier(
    "resnet50", stem="conv1", head="fc", marks=("layer1.0.conv3.weight",), heat=lambda network: network.layer4
)
