"""U-Net with residual units in 3 dimensions (Kerfoot 2018), MONAI's."""

from __future__ import annotations

from core.models.architectures._unet import unet

ARCHITECTURE = unet("unet3d", 3, preset="mri-1mm")
