"""A card may be mended; what a checkpoint answers may not change with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.metrics.operating_points import OperatingPoint, Rule
from core.models import ModelConfig, build_network, save_model_with_config
from core.models.card import Card
from core.models.catalog import read_model
from core.models.ensembles import write_ensemble
from core.models.facts import read_facts
from core.models.loading import load_network, self_test_state
from core.models.model import EnsembleRule, Model
from core.models.recarding import with_card
from core.models.tensor_file import read_header


def saved(path: Path, seed: int = 0) -> Model:
    config = ModelConfig.checked({"model_type": "multitask", "base_filters": 4, "depth": 2, "classes": ("a", "b")})
    torch.manual_seed(seed)
    point = OperatingPoint("balanced", "b", 0.3, Rule.YOUDEN, None, None, False, "c", "val", 2, 2, 1, 1, 1, 1)
    save_model_with_config(
        build_network(config).eval(), path, config, epoch=7, operating_points=[point], temperature=0.7,
        card=Card(summary="old"),
    )  # fmt: skip
    return read_model(path)


def test_only_the_card_changes(tmp_path: Path) -> None:
    """Points, temperature and self-test belong to the weights, and the weights stay."""
    model = saved(tmp_path / "m_v1.0.0.safetensors")
    before = read_facts(read_header(model.path).metadata)

    again = with_card(model, Card(summary="new"))

    after = read_facts(read_header(model.path).metadata)
    assert again.card.summary == "new"
    assert (again.verified, again.weights_sha256) == (True, model.weights_sha256)
    assert (again.operating_points, again.temperature) == (model.operating_points, 0.7)
    assert (after.training, after.created, after.versions) == (before.training, before.created, before.versions)
    network = load_network(again)
    assert self_test_state(again) == "passed"
    assert all(np.isfinite(p.detach().numpy()).all() for p in network.parameters())


def test_ensemble_keeps_its_members_and_points(tmp_path: Path) -> None:
    """Its file is small, and as binding."""
    members = [saved(tmp_path / f"m{n}_v1.0.0.safetensors", n) for n in (1, 2)]
    path = tmp_path / "both_v1.0.0.ensemble.json"
    held = write_ensemble(path, members, rule=EnsembleRule.WEIGHTED, weights=(1, 3), card=Card(summary="old"))
    from core.models.ensembles import read_ensemble

    model = read_ensemble(path, {m.id: m for m in members})
    again = with_card(model, Card(summary="new"))

    assert again.card.summary == "new"
    assert again.weights_sha256 == held
    assert [m.weight for m in again.members] == [0.25, 0.75]
