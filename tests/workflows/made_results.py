"""A tiny model on disk, with one operating point, to make results with."""

from __future__ import annotations

from pathlib import Path

import torch

from core.metrics.operating_points import OperatingPoint, Rule
from core.models.building import build_network
from core.models.card import Card
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.model import Model

POINT = OperatingPoint(
    "sensitivity 95%", "tumour", 0.3, Rule.YOUDEN, None, None, False, "30 films", "val", 10, 20, 9, 2, 1, 18
)


def saved(folder: Path, **fields: object) -> Model:
    config = ModelConfig(model_type="multitask", base_filters=4, depth=2, classes=("clear", "tumour"), **fields)
    torch.manual_seed(0)
    path = folder / "tiny_v1.0.0.safetensors"
    card = Card(display_name="tiny", maturity="early", assumed=("Assumed: window full.",))
    save_model_with_config(
        build_network(config).eval(), path, config, card=card, operating_points=(POINT,), self_test=False
    )
    return read_model(path)
