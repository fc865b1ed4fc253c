"""The usual way: what a demo of such a model does, kept honest by giving it the same input specification.

Everything imported at the top; a network built with its random initialisation and then filled by `torch.load`;
`eval()` and `no_grad()`; RGB and torchvision's transforms; MONAI's sliding window; float64 numpy for pictures.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
import torchvision.transforms.functional as tv
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from core.models import architectures
from core.models.building import build_network
from core.models.config import ModelConfig
from core.models.input_spec import InputSpec

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
RED = np.array([255.0, 0.0, 0.0])


def _network(config: ModelConfig, checkpoint: Path) -> nn.Module:
    network = build_network(config)
    network.load_state_dict(torch.load(checkpoint, map_location="cpu"))
    return network.eval()


class UsualFilm:
    """A classifier on films, with Grad-CAM by a second forward pass and a whole backward pass."""

    def __init__(self, config: ModelConfig, spec: InputSpec, checkpoint: Path, temperature: float) -> None:
        self.config, self.spec, self.temperature = config, spec, temperature
        self.network = _network(config, checkpoint)

    def __call__(self, path: Path) -> tuple[list[float], NDArray[Any], bytes]:
        """Scores by class, the heat map of the last class, and the overlay as PNG."""
        picture = Image.open(path).convert("RGB")
        batch, inside = self._transformed(picture)
        scores, heat = self.explained(batch)
        heat = heat[inside]
        shown = Image.fromarray(heat).resize(picture.size, Image.Resampling.BILINEAR)
        heat = np.asarray(shown).astype(np.float64)
        return scores, heat, _overlay(np.asarray(picture), heat)

    def explained(self, batch: Tensor) -> tuple[list[float], NDArray[np.float32]]:
        """Scores by class, and the heat map (rows, columns) of the last class, 0..1, for a batch of one."""
        with torch.no_grad():
            logits = self.network(batch) / self.temperature
        scores = torch.softmax(logits, 1) if self.config.activation == "softmax" else torch.sigmoid(logits)
        return scores[0].tolist(), self._gradcam(batch)

    def _transformed(self, picture: Image.Image) -> tuple[Tensor, tuple[slice, slice]]:
        rows, columns = self.spec.size or (384, 384)
        scale = min(rows / picture.height, columns / picture.width)
        inner = (rows, columns)
        if self.spec.fit == "pad":
            inner = (round(picture.height * scale), round(picture.width * scale))
        tensor = tv.to_tensor(tv.resize(picture, list(inner), antialias=True))
        if self.spec.normalisation == "imagenet":
            tensor = tv.normalize(tensor, *IMAGENET)
        elif self.spec.normalisation == "zscore":
            tensor = (tensor - tensor.mean()) / tensor.std()
        top, left = (rows - inner[0]) // 2, (columns - inner[1]) // 2
        tensor = tv.pad(tensor, [left, top, columns - inner[1] - left, rows - inner[0] - top])
        if self.spec.network_channels == 1:
            tensor = tensor.mean(0, keepdim=True)
        return tensor[None], (slice(top, top + inner[0]), slice(left, left + inner[1]))

    def _gradcam(self, batch: Tensor) -> NDArray[np.float32]:
        layer = architectures.get(self.config.model_type).heat_layer(self.network)
        kept: list[Tensor] = []

        def keep(_module: nn.Module, _inputs: Any, out: Tensor) -> Tensor:
            kept.append(out.clone())
            kept[0].retain_grad()
            return kept[0].clone()  # DenseNet's head writes in place, and the map would be of another layer

        handle = layer.register_forward_hook(keep)
        self.network.zero_grad()
        self.network(batch)[0, -1].backward()
        handle.remove()
        weights = kept[0].grad.mean(dim=(2, 3), keepdim=True)
        cam = torch.relu((weights * kept[0]).sum(1, keepdim=True))
        cam = nn.functional.interpolate(cam, batch.shape[2:], mode="bilinear", align_corners=False)
        return (cam / cam.max().clamp_min(1e-12))[0, 0].detach().numpy()


class UsualVolume:
    """A 3-D segmentation network led over a volume by MONAI."""

    def __init__(self, config: ModelConfig, spec: InputSpec, checkpoint: Path) -> None:
        self.config, self.spec = config, spec
        self.network = _network(config, checkpoint)

    def __call__(self, path: Path, mask: Path) -> tuple[NDArray[np.uint8], bytes]:
        """The label map on the file's grid, and the middle slice with labels as PNG; the mask is written too."""
        image = nib.as_closest_canonical(nib.load(path))
        values = image.get_fdata()
        labels = self.labels(torch.from_numpy(self._normalised(values)).float()[None, None])
        nib.save(nib.Nifti1Image(labels, image.affine), mask)
        middle = values.shape[2] // 2
        grey = values[..., middle]
        grey = 255 * (grey - grey.min()) / max(np.ptp(grey), 1e-9)
        return labels, _overlay(np.stack([grey] * 3, -1), (labels[..., middle] > 0).astype(np.float64))

    def labels(self, batch: Tensor) -> NDArray[np.uint8]:
        """The label map of a batch of one; four windows at a time, as in MONAI's own tutorials."""
        with torch.no_grad():
            logits = sliding_window_inference(batch, self.spec.patch, 4, self.network, overlap=0.5, mode="gaussian")
        return logits.argmax(1)[0].numpy().astype(np.uint8)

    def _normalised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        spec = self.spec
        if spec.window == "full":
            low, high = values.min(), values.max()
        else:
            low, high = np.percentile(values, spec.percentiles)
        scaled = np.clip((values - low) / (high - low), 0, 1)
        if spec.normalisation == "zscore":
            return (scaled - scaled.mean()) / scaled.std()
        if spec.normalisation == "zscore_nonzero":
            counted = scaled[values != 0]
            return np.where(values != 0, (scaled - counted.mean()) / counted.std(), 0)
        return scaled


def _overlay(picture: NDArray[Any], heat: NDArray[np.float64]) -> bytes:
    """Heat over a picture (rows, columns, 3), blended in float64, as PNG."""
    cover = 0.5 * heat[..., None]
    blended = picture.astype(np.float64) * (1 - cover) + RED * cover
    out = io.BytesIO()
    Image.fromarray(np.clip(blended, 0, 255).astype(np.uint8)).save(out, format="PNG")
    return out.getvalue()
