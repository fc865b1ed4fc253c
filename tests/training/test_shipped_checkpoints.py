"""The checkpoints that ship: their cards add up, and their figures come out again on the real data."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.metrics.intervals import wilson
from core.models.architectures import Task
from core.models.loading import load_network, self_test_state
from core.models.model import Model
from core.settings import SHELF
from core.training.dataset import Folder
from core.training.ensembling import EnsembleConfig
from core.training.evaluate import BALANCED, CONFIRMATORY, SCREENING
from core.training.measuring import Work, measure_split
from core.training.recipe import TrainConfig
from core.workflows.card_rows import AUDIT
from core.workflows.shelf_pages import shelf_models

ROOT = Path(__file__).parents[2] / "core" / "training"
MODELS = {model.id: model for model in shelf_models(SHELF)}
RELEASED = {name: model for name, model in MODELS.items() if model.card.maturity == "released"}
CLASSIFIERS = [name for name, model in RELEASED.items() if model.task is Task.CLASSIFICATION]

MEASURED_AGAIN = [
    min((m for m in RELEASED.values() if m.task is task and not m.members), key=lambda m: m.size_bytes).id
    for task in Task
]
"""The smallest of each task: all of them would take ten minutes, and the way is the same."""

MAX_TOTAL_MIB = 48
"""What all checkpoints may weigh together: the history keeps them for ever."""

POINTS = {
    SCREENING: ("sensitivity_guarantee", 0.95),
    BALANCED: ("youden", None),
    CONFIRMATORY: ("specificity_guarantee", 0.9),
}


def recipe_of(model: Model) -> TrainConfig | EnsembleConfig:
    name = model.card.provenance["recipe"]
    return (
        EnsembleConfig.load(ROOT / "ensembles" / name) if model.members else TrainConfig.load(ROOT / "recipes" / name)
    )


@pytest.mark.parametrize("name", MODELS)
def test_shipped_model_is_verified_and_passes_its_self_test(name: str) -> None:
    """A newcomer's first prediction must not depend on a file that differs from the one measured."""
    model = MODELS[name]

    assert (model.verified, model.problem) == (True, None)
    for one in [member.model for member in model.members] or [model.stored]:
        load_network(one)
        assert self_test_state(one) == "passed"


@pytest.mark.parametrize("name", RELEASED)
def test_recipe_in_the_tree_is_the_one_that_made_the_checkpoint(name: str) -> None:
    """A recipe changed afterwards would retrain another model under the same name."""
    model, config = RELEASED[name], recipe_of(RELEASED[name])

    assert config.id == name
    if isinstance(config, TrainConfig):
        assert config.sha256 == model.card.provenance["recipe sha256"]
        assert config.model == model.config
    else:
        assert [member.model.id for member in model.members] == list(config.members)


@pytest.mark.seeds(3)
def test_three_classifiers_ship_with_cards_that_name_their_role() -> None:
    """Best overall, screening and efficient: the shelf that S1 describes."""
    assert len(CLASSIFIERS) >= 3
    assert "densenet121" in {RELEASED[name].architecture for name in CLASSIFIERS}
    for name in CLASSIFIERS:
        assert RELEASED[name].card.scenario
        assert RELEASED[name].card.key_figures


@pytest.mark.seeds(11)
def test_unet_swin_and_their_ensemble_ship() -> None:
    """What S2 lists for tumours, trained on real scans."""
    architectures = {model.architecture for model in RELEASED.values() if model.task is not Task.CLASSIFICATION}

    assert architectures >= {"unet3d", "unet2d", "swin_unetr", "multitask", "ensemble"}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_rates_on_the_card_are_whole_patients_with_wilsons_interval(name: str) -> None:
    """A printed rate that no count gives is a false figure."""
    rates = [m for m in RELEASED[name].card.metrics if m.name.startswith(("sensitivity", "specificity"))]

    assert {m.split for m in rates} >= {"test", "official_test", "NIH ChestX-ray14"}
    for metric in rates:
        assert metric.k is not None
        assert metric.n is not None
        again = wilson(metric.k, metric.n)
        assert (metric.value, metric.lo, metric.hi) == pytest.approx((again.value, again.lo, again.hi))
        assert metric.unit == "patient"


@pytest.mark.seeds(9)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_points_come_from_val_and_say_which_of_them_promise(name: str) -> None:
    """The first point is in force on the page: it must carry its promise, and the balanced one must not."""
    points = RELEASED[name].operating_points

    assert {p.weights_sha256 for p in points} == {RELEASED[name].weights_sha256}
    assert {(p.chosen_on, p.unit, p.positives, p.negatives) for p in points} == {("val", "patient", 91, 37)}
    assert points[0].name == SCREENING
    assert {p.name: (str(p.rule), p.target) for p in points}.items() <= POINTS.items()
    assert [p.guaranteed for p in points] == [p.target is not None for p in points]


@pytest.mark.parametrize("name", RELEASED)
def test_released_model_has_a_gate_its_licence_and_citations(name: str) -> None:
    """The word 'released' promises that somebody looked."""
    model = RELEASED[name]

    assert all(one.gate is not None for one in ([member.model for member in model.members] or [model]))
    assert model.card.licence
    assert model.card.citations
    assert any(key.startswith("looks at ") for key in model.card.provenance)


@pytest.mark.parametrize("name", [name for name in MODELS if name.startswith("lgg")])
def test_non_commercial_notice_goes_with_the_weights(name: str) -> None:
    """The data's licence asks for it."""
    assert "NON-COMMERCIAL" in MODELS[name].card.licence


def test_shipped_models_stay_small() -> None:
    """A clone must stay quick."""
    suffixes = (".safetensors", ".json", ".md", ".csv")
    total = sum(path.stat().st_size for path in SHELF.rglob("*") if path.is_file() and path.suffix in suffixes)

    assert total < MAX_TOTAL_MIB * 2**20


@pytest.mark.realdata
@pytest.mark.seeds(5, 19)
@pytest.mark.parametrize("name", MEASURED_AGAIN)
def test_test_figures_come_out_again(name: str, shared_data: Path) -> None:
    """A card is a claim that anybody with the data can check."""
    model, config = RELEASED[name], recipe_of(RELEASED[name])
    folder = Folder(shared_data / ("xray" if name.startswith("chest") else "mri"))
    work = Work(config.data, config.finding, folder, folder.rows(config.data.tables))

    again = measure_split(model, model.operating_points, work, "test")[1]
    folder.close()

    stored = [m for m in model.card.metrics if m.split == "test" and m.unit != "s" and not m.name.startswith(AUDIT)]
    now = [m for m in again if m.unit != "s"]
    assert [(m.name, m.unit, m.subgroup, m.n) for m in now] == [(m.name, m.unit, m.subgroup, m.n) for m in stored]
    for one, then in zip(now, stored, strict=True):
        # Other kernels move a score by 1e-6: at most one patient may cross a threshold, one voxel an edge.
        allowed = 5e-3 * max(1.0, abs(then.value)) if then.k is None else 1.01 / (then.n or 1)
        assert one.value == pytest.approx(then.value, abs=allowed), then.name
