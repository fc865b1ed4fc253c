"""Small networks with seeded weights, and their checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.metrics.operating_points import OperatingPoint, Rule
from core.models import ModelConfig, save_model_with_config
from core.models.building import build_network
from core.models.presets import default_input

TINY: dict[str, dict[str, Any]] = {
    "multitask": {"model_type": "multitask", "base_filters": 4, "depth": 2},
    "unet3d": {"model_type": "unet3d", "base_filters": 4, "depth": 2, "labels": ["anterior", "posterior"]},
    "unet2d": {"model_type": "unet2d", "base_filters": 4, "depth": 2},
    "mobilenet_v3_small": {"model_type": "mobilenet_v3_small", "in_channels": 3, "classes": ["normal", "pneumonia"]},
}


def tiny_config(name: str = "multitask", **changes: Any) -> ModelConfig:
    """A small configuration with a whole input specification."""
    config = ModelConfig.checked(TINY[name] | changes)
    return config.model_copy(update={"input": default_input(config)})


def tiny_network(config: ModelConfig, seed: int = 0) -> nn.Module:
    """Its network with seeded weights, in evaluation mode; the global generator is left alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_network(config).eval()


def point(**changes: Any) -> OperatingPoint:
    """A valid operating point to vary."""
    held: dict[str, Any] = {
        "name": "Youden", "finding": "pneumonia", "threshold": 0.5, "rule": Rule.YOUDEN, "target": None,
        "confidence": None, "guaranteed": False, "cohort": "validation split", "chosen_on": "validation",
        "positives": 5, "negatives": 7, "tp": 4, "fp": 2, "fn": 1, "tn": 5,
    }  # fmt: skip
    return OperatingPoint(**(held | changes))


@pytest.fixture
def shelve(tmp_path: Path) -> Callable[..., Path]:
    """Save a small model under an id in a shelf of this test's own; returns the checkpoint's path."""

    def save(model_id: str = "tiny_v1.0.0", name: str = "multitask", *, seed: int = 0, **beside: Any) -> Path:
        config = beside.pop("config", None) or tiny_config(name)
        path = tmp_path / "shelf" / model_id / "model.safetensors"
        save_model_with_config(tiny_network(config, seed), path, config, **beside)
        return path

    return save
