"""Parity is measured, and a form that answers otherwise fails it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.engines.torch_engine import TorchEngine
from core.inference.parity import CaseParity, lowest_dice, measure_parity
from core.models import Model, ModelConfig, save_model_with_config
from core.models.catalog import read_model
from core.studies import read_study
from core.studies.synthetic import synthetic_film
from tests.models.conftest import tiny_config, tiny_network


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A small multitask network of films."""
    config = ModelConfig.checked({
        **tiny_config().model_dump(), "input": {"kind": "film", "size": (64, 64), "divisor": 4}, "labels": ("spot",),
    })  # fmt: skip
    path = tmp_path / "tiny_v1.0.0" / "model.safetensors"
    save_model_with_config(tiny_network(config), path, config)
    return read_model(path)


class Altered:
    """The same network, its outputs changed on the way out."""

    def __init__(self, model: Model, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self._engine, self._change = TorchEngine(model, "cpu"), change

    def load(self) -> None:
        self._engine.load()

    def run(self, batch: Any) -> Any:
        return {name: self._change(values) for name, values in self._engine.run(batch).items()}

    def describe(self) -> dict[str, Any]:
        return self._engine.describe()


def test_equal_engines_agree_and_unequal_ones_are_told_apart(model: Model, tmp_path: Path) -> None:
    """Outputs, scores, decisions and labels: each difference has its own figure."""
    synthetic_film(tmp_path / "film.png", 1)
    studies = [("film", read_study([tmp_path / "film.png"]))]
    own = TorchEngine(model, "cpu")

    same = measure_parity(model, own, TorchEngine(model, "cpu"), studies)
    near = measure_parity(model, own, Altered(model, lambda v: v + np.float32(1e-6)), studies)
    far = measure_parity(model, own, Altered(model, lambda v: -v), studies)
    narrow = measure_parity(model, own, Altered(model, lambda v: v[:1]), [])

    assert same.holds
    assert [case.logits for case in same.cases] == [0.0, 0.0, 0.0]
    assert same.cases[-1].decisions == 1
    assert near.holds
    assert not far.holds
    assert far.cases[-1].dice == pytest.approx(0.0)
    assert far.cases[-1].changed == 1
    assert not narrow.holds  # a file that only takes a batch of one
    assert narrow.worst.name == "self-test noise, 3 × 1 × 64 × 64"


def test_dice_of_the_worst_label_counts_and_two_empty_maps_have_none() -> None:
    """Small labels go wrong first, and an average hides them."""
    one = np.array([[1, 1, 2, 0]], np.uint8)

    assert lowest_dice(one, np.array([[1, 1, 0, 0]], np.uint8)) == 0.0
    assert lowest_dice(one, one) == 1.0
    assert lowest_dice(np.zeros((1, 4), np.uint8), np.zeros((1, 4), np.uint8)) is None


def test_nan_is_no_agreement() -> None:
    """NaN compares as false with everything, which must not pass as equal."""
    case = CaseParity("x", logits=0.0, largest=1.0)
    assert case.holds
    assert not replace(case, logits=float("nan")).holds
    assert not replace(case, dice=0.99).holds
