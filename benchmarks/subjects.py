"""What is measured: a classifier on a film, segmentation networks on a crop and on a head, in files of real size.

Shipped checkpoints where there are some, else seeded random weights: speed and numerical differences are then
valid, accuracy is not measured here anyway. Random weights get their graph as a user's own would: converted, and held
against torch on the very file that is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from core.models import ModelConfig, Task, build_network, get_model, list_models, load_network, save_model_with_config
from core.models.model import Model
from core.studies.synthetic import synthetic_film
from core.workflows.engines import convert
from core.workflows.open_study import open_study

SEED = 20
FILM_PX = (2040, 1786)
"""Columns and rows of a computed radiograph."""

HEAD = (240, 240, 155)
"""The shape of a volume of the brain tumour challenges, 1 mm."""


@dataclass(frozen=True)
class Subject:
    """A model, its weights as a plain .pt for the usual way, and a file to read."""

    model: Model
    checkpoint: Path
    image: Path
    shipped: bool

    @property
    def words(self) -> str:
        """For the table."""
        return f"{self.model.architecture}, {'shipped weights' if self.shipped else 'seeded random weights'}"


def film_subject(folder: Path) -> Subject:
    """A JPEG of a film's size, and the first classifier on the shelf."""
    drawn, image = folder / "film.png", folder / "film.jpeg"
    synthetic_film(drawn, SEED)
    Image.open(drawn).convert("L").resize(FILM_PX, Image.Resampling.BICUBIC).save(image, quality=90)
    config = ModelConfig.checked(
        {
            "model_type": "resnet18",
            "in_channels": 3,
            "classes": ("normal", "finding"),
            "input": {"kind": "film", "size": (384, 384), "network_channels": 3, "normalisation": "zscore"},
        }
    )
    return _subject(Task.CLASSIFICATION, config, folder, image)


def volume_subject(folder: Path) -> Subject:
    """A .nii.gz of several windows, and the first 3-D segmentation network on the shelf."""
    config = ModelConfig.checked(
        {
            "model_type": "unet3d",
            "spatial_dims": 3,
            "base_filters": 16,
            "depth": 3,
            "seg_out_channels": 3,
            "labels": ("front", "back"),
            "input": {"kind": "volume", "patch": (64, 64, 64), "divisor": 8, "normalisation": "zscore"},
        }
    )
    image = folder / "volume.nii.gz"
    subject = _subject(Task.SEGMENTATION, config, folder, image)
    patch = subject.model.input.patch or (64, 64, 64)
    spacing = subject.model.input.spacing_mm or (1.0, 1.0, 1.0)
    write_volume(image, (2 * patch[0], 2 * patch[1], patch[2]), spacing)
    return subject


def head_subject(folder: Path) -> Subject:
    """A .nii.gz of a head, and a U-Net of 16 to 256 channels that reads it in windows of 128 x 128 x 128."""
    config = ModelConfig.checked(
        {
            "model_type": "unet3d",
            "spatial_dims": 3,
            "base_filters": 16,
            "depth": 4,
            "norm": "batch",
            "seg_out_channels": 3,
            "labels": ("core", "rim"),
            "input": {"kind": "volume", "patch": (128, 128, 128), "divisor": 16, "normalisation": "zscore"},
        }
    )
    image = folder / "head.nii.gz"
    write_volume(image, HEAD)
    model = _random(config, folder / "heads")
    convert(model, [("head", open_study([image]))], cohort="the file that is measured")
    return _with_weights(model, folder, image, shipped=False)


def write_volume(path: Path, shape: tuple[int, ...], spacing: tuple[float, ...] = (1.0, 1.0, 1.0)) -> None:
    """A smooth seeded head-like ellipsoid in air, int16, RAS."""
    noise = np.random.default_rng(SEED).standard_normal(shape, dtype=np.float32)
    axes = np.meshgrid(*(np.linspace(-1.15, 1.15, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True)
    inside = sum(axis**2 for axis in axes) < 1
    values = np.where(inside, 600 + 1800 * gaussian_filter(noise, 3) + 20 * noise, 0)
    nib.Nifti1Image(values.astype(np.int16), np.diag([*spacing, 1.0])).to_filename(path)


def _subject(task: Task, config: ModelConfig, folder: Path, image: Path) -> Subject:
    fits = [m for m in list_models() if m.task is task and m.problem is None and not m.members and not m.variant]
    fits = [m for m in fits if m.config.spatial_dims == config.spatial_dims]
    model = fits[0] if fits else _random(config, folder / "shelf")
    return _with_weights(model, folder, image, shipped=bool(fits))


def _with_weights(model: Model, folder: Path, image: Path, *, shipped: bool) -> Subject:
    checkpoint = folder / f"{model.id}.pt"
    torch.save(load_network(model, torch.device("cpu")).state_dict(), checkpoint)
    return Subject(model, checkpoint, image, shipped)


def _random(config: ModelConfig, shelf: Path) -> Model:
    torch.manual_seed(SEED)
    path = shelf / f"bench_{config.model_type}_v0.0.0.safetensors"
    save_model_with_config(build_network(config).eval(), path, config)
    return get_model(path.stem, roots=[shelf])
