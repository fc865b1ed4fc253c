"""The checkpoints that ship: their cards add up, and their figures come out again on the real data."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.metrics import wilson
from core.models.catalog import read_model
from core.models.loading import load_network, self_test_state
from core.models.model import Model
from core.settings import SHELF
from core.training.dataset import Folder, in_groups
from core.training.evaluate import classification_metrics, draw_volumes, score_films, segmentation_metrics
from core.training.recipe import TrainConfig

RECIPES = Path(__file__).parents[2] / "core" / "training" / "recipes"
CLASSIFIERS = ("chest_pneumonia_mobilenet_v3_small_v0.1.0", "chest_pneumonia_mobilenet_v3_large_v0.1.0")
SEGMENTERS = ("hippocampus_unet3d_v0.1.0",)

MAX_TOTAL_MIB = 16
"""What the first checkpoints may weigh together: the history keeps them for ever."""


def shipped(model_id: str) -> Model:
    return read_model(SHELF / model_id / f"{model_id}.safetensors")


def recipe_of(model: Model) -> TrainConfig:
    return TrainConfig.load(RECIPES / model.card.provenance["recipe"])


@pytest.mark.parametrize("model_id", [*CLASSIFIERS, *SEGMENTERS])
def test_shipped_model_is_verified_early_and_passes_its_self_test(model_id: str) -> None:
    """A newcomer's first prediction must not depend on a file that differs from the one measured."""
    model = shipped(model_id)

    load_network(model)

    assert (model.id, model.verified, model.problem) == (model_id, True, None)
    assert self_test_state(model) == "passed"
    assert model.card.maturity == "early"


@pytest.mark.parametrize("model_id", [*CLASSIFIERS, *SEGMENTERS])
def test_recipe_in_the_tree_is_the_one_that_made_the_checkpoint(model_id: str) -> None:
    """A recipe changed afterwards would retrain another model under the same name."""
    model = shipped(model_id)
    config = recipe_of(model)

    assert config.id == model_id
    assert config.sha256 == model.card.provenance["recipe sha256"]
    assert config.model == model.config


@pytest.mark.parametrize("model_id", CLASSIFIERS)
def test_rates_on_the_card_are_whole_patients_with_wilsons_interval(model_id: str) -> None:
    """A printed rate that no count gives is a false figure."""
    rates = [m for m in shipped(model_id).card.metrics if m.name.startswith(("sensitivity", "specificity"))]

    assert {m.split for m in rates} >= {"test", "official_test", "NIH ChestX-ray14"}
    for metric in rates:
        assert metric.k is not None
        assert metric.n is not None
        again = wilson(metric.k, metric.n)
        assert (metric.value, metric.lo, metric.hi) == pytest.approx((again.value, again.lo, again.hi))
        assert metric.unit == "patient"


@pytest.mark.parametrize("model_id", CLASSIFIERS)
def test_points_come_from_val_and_say_which_of_them_promise(model_id: str) -> None:
    """The first point is in force on the page: it must carry its promise, and Youden's must not."""
    model = shipped(model_id)

    assert {p.weights_sha256 for p in model.operating_points} == {model.weights_sha256}
    assert {(p.chosen_on, p.unit, p.positives, p.negatives) for p in model.operating_points} == {
        ("val", "patient", 91, 37)
    }
    first = model.operating_points[0]
    assert (first.guaranteed, first.target, first.confidence) == (True, 0.95, 0.95)
    assert [p.guaranteed for p in model.operating_points if p.name == "Youden"] == [False]


def test_shipped_models_stay_small() -> None:
    """A clone must stay quick."""
    total = sum(path.stat().st_size for path in SHELF.rglob("*") if path.is_file())

    assert total < MAX_TOTAL_MIB * 2**20


@pytest.mark.realdata
@pytest.mark.parametrize("model_id", CLASSIFIERS)
def test_test_figures_of_the_films_come_out_again(model_id: str, shared_data: Path) -> None:
    """A card is a claim that anybody with the data can check."""
    model = shipped(model_id)
    config = recipe_of(model)
    folder = Folder(shared_data / "xray")
    rows = in_groups(folder.rows(config.data.tables), ["test"])

    scored = score_films(model, "pneumonia", folder, rows)
    again = classification_metrics(scored, "pneumonia", model.operating_points, "test")
    folder.close()

    stored = [m for m in model.card.metrics if m.split == "test"]
    assert [(m.name, m.unit, m.n) for m in again] == [(m.name, m.unit, m.n) for m in stored]
    for now, then in zip(again, stored, strict=True):
        # Other kernels move a score by 1e-6: at most one patient may cross a threshold.
        allowed = 1e-3 if then.k is None else 1.01 / (then.n or 1)
        assert now.value == pytest.approx(then.value, abs=allowed), then.name


@pytest.mark.realdata
@pytest.mark.parametrize("model_id", SEGMENTERS)
def test_test_figures_of_the_volumes_come_out_again(model_id: str, shared_data: Path) -> None:
    """The same claim for label maps: mean Dice over the test volumes, on their own grids."""
    model = shipped(model_id)
    config = recipe_of(model)
    folder = Folder(shared_data / "mri")
    rows = in_groups(folder.rows(config.data.tables), ["test"])

    again = segmentation_metrics(draw_volumes(model, folder, rows), model.labels, "test")
    folder.close()

    stored = [m for m in model.card.metrics if m.split == "test"]
    assert [(m.name, m.n) for m in again] == [(m.name, m.n) for m in stored]
    assert [m.value for m in again] == pytest.approx([m.value for m in stored], abs=2e-3)
