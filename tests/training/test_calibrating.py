"""Calibration on the choosing split: scores mean shares afterwards, and no order of cases has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from torch import nn

from core.metrics.calibration import calibrate
from core.training.asking import Scored
from core.training.calibrating import as_fact, bias_of, move_bias, temperature_of
from core.training.dataset import Row


def shifted(n: int = 4000, shift: float = -2.0, squeeze: float = 2.0, seed: int = 0) -> Scored:
    """Scores that are right but for a shift and a factor on the logit: what class weights and smoothing do."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(1.0, 2.0, n)
    labels = rng.random(n) < expit(truth)
    rows = tuple(Row(f"{i}", "pneumonia" if y else "normal", "val", f"P{i}") for i, y in enumerate(labels))
    return Scored(rows, ("",) * n, scores=expit(truth / squeeze + shift))


def test_bias_and_temperature_bring_scores_back_to_shares() -> None:
    """With a temperature alone, scores that are all too low stay too low."""
    scored = shifted()

    by = bias_of(scored, "pneumonia")
    moved = Scored(scored.rows, scored.hashes, scores=expit(logit(scored.scores) + by))
    temperature = temperature_of(moved, "pneumonia").value or 0

    assert by == pytest.approx(2.0, abs=0.15)
    assert temperature == pytest.approx(0.5, abs=0.05)
    mended = expit(logit(moved.scores) / temperature)
    before = calibrate(scored.scores, scored.positive("pneumonia")).ece
    assert calibrate(mended, scored.positive("pneumonia")).ece < 0.03 < before
    assert np.array_equal(np.argsort(mended, kind="stable"), np.argsort(scored.scores, kind="stable"))


def test_classes_that_do_not_overlap_still_get_a_temperature() -> None:
    """A network without a mistake on the choosing split must not ship unbounded certainty, nor none."""
    rows = tuple(Row(f"{i}", "pneumonia" if i > 4 else "normal", "val", f"P{i}") for i in range(10))
    scored = Scored(rows, ("",) * 10, scores=np.linspace(0.05, 0.95, 10))

    found = temperature_of(scored, "pneumonia")

    assert found.value is not None
    assert 0 < found.value < 2
    assert "do not overlap" in as_fact(found, "val")


def test_one_class_gives_no_calibration_and_the_card_says_so() -> None:
    """Nothing can be learned of what was not seen."""
    rows = tuple(Row(f"{i}", "normal", "val", f"P{i}") for i in range(5))
    scored = Scored(rows, ("",) * 5, scores=np.linspace(0.1, 0.5, 5))

    assert bias_of(scored, "pneumonia") == 0
    assert as_fact(temperature_of(scored, "pneumonia"), "val") == "1: none could be fitted on val (single class)"


def test_only_the_last_layers_bias_of_that_class_moves() -> None:
    """Anything else would be another network."""
    network = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    assert move_bias(network, 2, 1, 0.5)

    changed = {n: (t - before[n]) for n, t in network.state_dict().items() if not torch.equal(t, before[n])}
    assert set(changed) == {"2.bias"}
    assert changed["2.bias"].tolist() == pytest.approx([0, 0.5], abs=1e-6)  # of float32, added and taken away
    assert not move_bias(nn.Sequential(nn.Conv2d(1, 2, 1)), 2, 1, 0.5)
