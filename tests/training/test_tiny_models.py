"""`make models`: two tiny models by the whole way, from the data to a card."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.inference.predictor import Predictor
from core.models.catalog import list_models
from core.training.dataset import Folder, in_groups
from core.training.recipe import TrainConfig
from core.workflows.model_cards import card_page
from core.workflows.train import train

ROOT = Path(__file__).parents[2]
TINY = {"tiny_chest": "xray", "tiny_hippocampus": "mri"}


@pytest.mark.realdata
@pytest.mark.seeds(18)
@pytest.mark.parametrize("name", TINY)
def test_a_tiny_model_goes_the_whole_way(name: str, shared_data: Path, tmp_path: Path) -> None:
    """What retrains in a minute shows that what took a night can be retrained."""
    recipe, data = ROOT / "core" / "training" / "tiny" / f"{name}.json", shared_data / TINY[name]
    config = TrainConfig.load(recipe)

    model = train(recipe, data, tmp_path / config.id / f"{config.id}.safetensors")

    (listed,) = list_models([tmp_path])
    folder = Folder(data)
    row = in_groups(folder.rows(config.data.tables), config.data.report)[0]
    prediction = Predictor(listed, "cpu").predict(folder.study(row.image))
    folder.close()
    assert (listed.verified, listed.problem) == (True, None)
    assert prediction.weights_sha256 == model.weights_sha256
    assert prediction.familiarity is not None
    assert (prediction.label_map is None) == bool(config.finding)
    assert bool(model.operating_points) == bool(config.finding)
    page = card_page(listed)
    assert "## Figures" in page
    assert config.card.licence in page


def test_where_the_data_is_not_there_it_says_where_it_is_expected() -> None:
    """Whoever cloned the code alone must learn what is missing before anything is installed."""
    done = subprocess.run(["make", "data", "DATA=/nowhere"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "The data is expected in /nowhere" in done.stdout
