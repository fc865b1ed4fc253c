"""U-Net with residual units in 2 dimensions (Kerfoot 2018), MONAI's."""

from __future__ import annotations

from core.models.architectures._unet import unet

ARCHITECTURE = unet("unet2d", 2, preset="slice-256")
