"""From a recipe to a checkpoint on the shelf: trained, measured, written, listed, loaded and asked."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, ConfigError
from core.inference.predictor import Predictor
from core.metrics.segmentation import dice
from core.models.card import Metric
from core.models.catalog import list_models
from core.models.loading import load_network, self_test_state
from core.models.model import Model
from core.training.dataset import Fold, Folder
from core.workflows.train import Files, learn, train
from tests.training.conftest import film_recipe, multitask_recipe, recipe, volume_recipe, write_recipe


@pytest.fixture(scope="module")
def film_model(film_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    root = tmp_path_factory.mktemp("trained")
    out = root / "tiny_films_v0.1.0" / "tiny_films_v0.1.0.safetensors"
    return train(write_recipe(root / "recipe.json", film_recipe()), film_folder, out)


@pytest.mark.seeds(18, 27)
def test_trained_classifier_is_on_the_shelf_and_passes_its_self_test(film_model: Model) -> None:
    """What training writes must be what the app lists and loads."""
    listed = list_models([film_model.path.parent.parent])

    load_network(film_model)

    assert [(m.id, m.verified, m.problem) for m in listed] == [("tiny_films_v0.1.0", True, None)]
    assert self_test_state(film_model) == "passed"
    assert (film_model.path.parent / "model_config.json").exists()
    assert film_model.card.maturity == "early"


def test_points_belong_to_the_weights_and_serve_the_prediction(film_model: Model, film_folder: Path) -> None:
    """An operating point of other weights promises nothing."""
    folder = Folder(film_folder)

    prediction = Predictor(film_model).predict(folder.study("test/PNEUMONIA/film1.png"))
    folder.close()

    assert {point.weights_sha256 for point in film_model.operating_points} == {film_model.weights_sha256}
    assert {point.chosen_on for point in film_model.operating_points} == {"val"}
    assert set(prediction.thresholds) == {"pneumonia"}
    assert sum(prediction.scores.values()) == pytest.approx(1)


def test_card_repeats_what_the_shipped_weights_score(film_model: Model, film_folder: Path) -> None:
    """Figures of weights before rounding, or of another path than the user's, would not be the model's."""
    folder = Folder(film_folder)
    rows = [r for r in folder.rows(recipe(film_recipe()).data.tables) if r.group == "test"]
    predictor = Predictor(film_model)
    point = film_model.operating_points[0]

    best: dict[str, float] = {}
    for row in rows:
        score = predictor.predict(folder.study(row.image)).scores["pneumonia"]
        if row.label == "pneumonia":
            best[row.patient] = max(best.get(row.patient, 0.0), score)
    folder.close()

    metric = next(m for m in film_model.card.metrics if m.name == f"sensitivity at {point.name}" and m.split == "test")
    assert metric.k == sum(score >= point.threshold for score in best.values())
    assert metric.n == len(best)
    assert {m.split for m in film_model.card.metrics} == {"test", "elsewhere"}


def test_provenance_names_data_recipe_and_machine_without_a_path(film_model: Model, film_folder: Path) -> None:
    """A stranger must be able to repeat the run, and learn nothing of the machine it ran on."""
    facts = film_model.card.provenance

    assert {"data set", "recipe sha256", "seed", "steps", "duration", "device", "versions, learning"} <= set(facts)
    assert facts["split train, taught"].startswith("20 files, 18 patients, sha256 ")
    assert facts["split val, chose"].startswith("12 files, 10 patients, sha256 ")
    assert facts["looks at test"] == "1"
    assert str(film_folder.parent) not in film_model.path.read_bytes()[:100_000].decode("latin-1")


def test_half_precision_halves_the_file(film_model: Model) -> None:
    """A clone carries these files for ever."""
    count = sum(p.numel() for p in load_network(film_model).parameters())

    assert film_model.size_bytes < 2.3 * count


@pytest.mark.seeds(18)
def test_trained_segmentation_draws_what_it_was_taught(volume_folder: Path, tmp_path: Path) -> None:
    """A volume goes in as a file and comes back as labels on its own grid."""
    out = tmp_path / "tiny_volumes_v0.1.0.safetensors"
    told: list[float] = []

    model = train(
        write_recipe(tmp_path / "recipe.json", volume_recipe()), volume_folder, out, lambda share, _: told.append(share)
    )

    folder = Folder(volume_folder)
    prediction = Predictor(model).predict(folder.study("images/v8.nii.gz"))
    reference = folder.study("labels/v8.nii.gz").pixels[0]
    folder.close()
    assert prediction.label_map is not None
    assert (dice(np.rint(reference) > 0, prediction.label_map > 0) or 0) > 0.6
    stored = next(m for m in model.card.metrics if m.name == "dice front")
    assert (stored.n, stored.lo) == (3, None)
    assert stored.method == "no interval: fewer than ten"
    assert told == sorted(told)
    assert (told[0] > 0, told[-1]) == (True, 1.0)


@pytest.mark.seeds(18)
def test_learned_elsewhere_and_measured_here_is_the_same_checkpoint(
    film_model: Model, film_folder: Path, tmp_path: Path
) -> None:
    """A GPU machine that has the training files alone must give what one machine gives."""
    recipe_path, out = write_recipe(tmp_path / "recipe.json", film_recipe()), tmp_path / f"{film_model.id}.safetensors"
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(film_folder, elsewhere, ignore=lambda *_: ["rest.zip"])

    learn(recipe_path, elsewhere, out)
    model = train(recipe_path, film_folder, out, resume=Files(out).learned)

    assert model.weights_sha256 == film_model.weights_sha256
    assert untimed(model) == untimed(film_model)
    assert Files(out).history(None).read_text().startswith("number,loss,rate,inner,seconds\n1,")
    assert not Files(film_model.path).learned.exists()


def untimed(model: Model) -> list[Metric]:
    """The card's figures without those that the clock gave."""
    return [metric for metric in model.card.metrics if metric.unit != "s"]


def test_fold_is_learned_without_writing_weights(film_folder: Path, tmp_path: Path) -> None:
    """Weights of a fold are not the recipe's, and must not be mistaken for them."""
    out = tmp_path / "tiny_films_v0.1.0.safetensors"

    trained = learn(write_recipe(tmp_path / "recipe.json", film_recipe()), film_folder, out, fold=Fold(1, 2))

    assert trained.inner is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.json", f"{out.stem}.fold-1-of-2.history.csv"]


def test_ctrl_c_leaves_a_state_to_go_on_from_and_nothing_else(film_folder: Path, tmp_path: Path) -> None:
    """Hours of learning must outlive an interruption; the next Ctrl-C is again the program's own."""
    recipe_path, out = write_recipe(tmp_path / "recipe.json", film_recipe()), tmp_path / "tiny_films_v0.1.0.safetensors"
    before = signal.getsignal(signal.SIGINT)

    def press(share: float, said: str) -> None:
        if said.startswith("Epoch 2 of"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Cancelled):
        train(recipe_path, film_folder, out, press)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.json", Files(out).state.name]
    model = train(recipe_path, film_folder, out, resume=Files(out).state)

    assert signal.getsignal(signal.SIGINT) is before
    assert model.card.provenance["steps"].startswith("12 of 10, 6 epochs")
    assert not Files(out).state.exists()


def test_multitask_network_goes_the_whole_way(volume_folder: Path, tmp_path: Path) -> None:
    """Slices with neighbours, label map and class: learned, measured and served by one specification."""
    out = tmp_path / "tiny_slices_v0.1.0.safetensors"

    model = train(write_recipe(tmp_path / "recipe.json", multitask_recipe()), volume_folder, out)

    folder = Folder(volume_folder)
    prediction = Predictor(model).predict(folder.study("images/v8.nii.gz"))
    folder.close()
    assert prediction.label_map is not None
    assert set(prediction.scores) == {"nothing", "body"}
    assert {m.name for m in model.card.metrics} >= {"dice front", "dice back"}


def test_checkpoint_of_another_name_is_refused_before_anything_is_read(film_folder: Path, tmp_path: Path) -> None:
    """An hour of training must not end in a name that the shelf refuses."""
    path = write_recipe(tmp_path / "recipe.json", film_recipe())

    with pytest.raises(ConfigError, match=r"tiny_films_v0\.1\.0\.safetensors"):
        train(path, film_folder, tmp_path / "best.safetensors")
