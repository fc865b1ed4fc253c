"""Rounding: what is stored in half precision is what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import CheckpointError
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.loading import load_network
from core.training.learned import as_stored
from tests.training.conftest import recipe, volume_recipe


def test_rounded_weights_come_back_exactly_and_run_in_float32(tmp_path: Path) -> None:
    """A network that differs from the measured one in the last digit is another network."""
    config = recipe(volume_recipe())
    network = build_network(config.model).eval()
    as_stored(network, config)
    path = tmp_path / "half_v0.1.0.safetensors"

    save_model_with_config(network, path, config.model, stored="float16")

    loaded = load_network(read_model(path)).state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in network.state_dict().items())
    assert {t.dtype for t in loaded.values() if t.is_floating_point()} == {torch.float32}


def test_unrounded_weights_are_refused_in_half_precision(tmp_path: Path) -> None:
    """Rounding while saving would part the card from the weights."""
    config = recipe(volume_recipe())

    with pytest.raises(CheckpointError, match="no half-precision numbers"):
        save_model_with_config(
            build_network(config.model), tmp_path / "half_v0.1.0.safetensors", config.model, stored="float16"
        )
