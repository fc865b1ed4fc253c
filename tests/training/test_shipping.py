"""What ships is what was measured: rounded, centred, with its temperature, gate, points and card in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import CheckpointError
from core.inference.predictor import Predictor
from core.models.architectures import Task
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.gate import Gate
from core.models.loading import load_network
from core.models.model import Model
from core.training.asking import score_films
from core.training.dataset import Folder, in_groups
from core.training.evaluate import by_patient
from core.training.learned import Epoch, Trained, as_stored
from core.training.measuring import Measured
from core.training.recipe import Data
from core.training.shipping import journal_of, maturity_of, measured_facts, ship
from tests.training.conftest import film_recipe, recipe, volume_recipe


def shipped_films(film_folder: Path, out: Path, **changes: Any) -> Model:
    """An untrained network of the film recipe, shipped."""
    config = recipe(film_recipe(**changes))
    torch.manual_seed(0)
    network = build_network(config.model).eval()
    trained = Trained(network, (Epoch(1, 0.5, 0.1, None, 1.0),), 20, 2, 1.0, 1.0, "cpu", 1, "versions")
    folder = Folder(film_folder)
    try:
        return ship(trained, config, folder, folder.rows(config.data.tables), out)
    finally:
        folder.close()


@pytest.mark.seeds(9)
def test_points_hold_for_the_scores_that_the_shipped_file_gives(film_folder: Path, tmp_path: Path) -> None:
    """A threshold chosen before the temperature was set would cut at another place than it says."""
    model = shipped_films(film_folder, tmp_path / "tiny_films_v0.1.0.safetensors")

    folder = Folder(film_folder)
    rows = in_groups(folder.rows(recipe(film_recipe()).data.tables), ["val"])
    scores, labels = by_patient(score_films(model, "pneumonia", folder, rows), "pneumonia")
    folder.close()

    assert {p.name for p in model.operating_points} == {"balanced"}
    for point in model.operating_points:
        assert int((labels & (scores >= point.threshold)).sum()) == point.tp
        assert int((~labels & (scores < point.threshold)).sum()) == point.tn
        assert point.weights_sha256 == model.weights_sha256
    assert "No screening and no confirmatory point" in " ".join(model.card.limits)


def test_file_carries_temperature_and_gate_and_the_app_uses_them(film_folder: Path, tmp_path: Path) -> None:
    """What stands on the card alone changes no score."""
    model = shipped_films(film_folder, tmp_path / "tiny_films_v0.1.0.safetensors")
    folder = Folder(film_folder)

    prediction = Predictor(model).predict(folder.study("test/PNEUMONIA/film1.png"))
    folder.close()

    assert isinstance(model.gate, Gate)
    assert prediction.familiarity is not None
    assert prediction.familiarity.cut_off == model.gate.cut_off
    assert f"{model.temperature:.3f}" in model.card.provenance["temperature"]


def test_journal_is_gone_when_the_checkpoint_is_there(film_folder: Path, tmp_path: Path) -> None:
    """What is in the file needs no second place."""
    out = tmp_path / "tiny_films_v0.1.0.safetensors"
    model = shipped_films(film_folder, out)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["model_config.json", out.name]
    assert journal_of(out).answer(["a"], lambda: {"b": 1}) == {"b": 1}
    assert (tmp_path / "tiny_films_v0.1.0.measured.jsonl").exists()
    assert model.verified


def test_released_needs_version_gate_points_and_another_population() -> None:
    """The word must mean that somebody looked."""
    data = recipe(film_recipe()).data
    points = Measured(points=(object(),))  # type: ignore[arg-type]
    alone = Data.model_validate(data.model_dump() | {"external": []})

    def said(name: str, of: Data = data, made: Measured = points, gated: bool = True) -> str:
        return maturity_of(name, Task.CLASSIFICATION, of, made, gated=gated)

    assert said("a_v1.0.0") == "released"
    assert said("a_v0.9.0") == said("a_v1.0.0", gated=False) == said("a_v1.0.0", made=Measured()) == "early"
    assert said("a_v1.0.0", of=alone) == "early"
    on_val = Data.model_validate(
        recipe(volume_recipe()).data.model_dump() | {"report": ["val", "test"], "gate_on": "val"}
    )
    assert maturity_of("a_v1.0.0", Task.SEGMENTATION, on_val, Measured(), gated=True) == "released"
    assert maturity_of("a_v1.0.0", Task.SEGMENTATION, on_val, Measured(), gated=False) == "early"


def test_card_counts_the_looks_at_each_reported_split() -> None:
    """A test set that was looked at ten times is a choosing set."""
    data = Data.model_validate(recipe(film_recipe()).data.model_dump() | {"looks": {"test": 3}})

    facts = measured_facts(data, Measured())

    assert (facts["looks at test"], facts["looks at elsewhere"]) == ("3", "1")


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
