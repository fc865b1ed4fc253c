"""The loop: it learns, by its seed alone, and ends with the network that serving will run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import ConfigError
from core.inference.preprocess import preprocess
from core.training import learner
from core.training.dataset import Cases, Fold, Folder, in_groups, prepare
from core.training.learner import WARM_UP, rate_at
from core.training.loop import train_network
from core.training.recipe import TrainConfig
from tests.training.conftest import film_recipe, multitask_recipe, recipe, volume_recipe


def _cases(folder: Path, config: TrainConfig) -> Cases:
    opened = Folder(folder)
    cases = prepare(opened, in_groups(opened.rows(config.data.tables), config.data.train), config)
    opened.close()
    return cases


def test_film_loss_falls(film_folder: Path) -> None:
    """A loop that does not learn a bright spot learns nothing."""
    config = recipe(film_recipe())

    trained = train_network(_cases(film_folder, config), config)

    assert trained.history[-1].loss < 0.7 * trained.history[0].loss
    assert (trained.steps, trained.cases) == (12, 20)
    assert not trained.network.training


def test_volume_loss_falls_within_two_epochs_of_one_step(volume_folder: Path) -> None:
    """The segmentation loss is wired to the labels: one step after the other must lower it."""
    config = recipe(volume_recipe(), epochs=3, batch=6)

    losses = [epoch.loss for epoch in train_network(_cases(volume_folder, config), config).history]

    assert losses[2] < losses[0]


def test_same_seed_same_weights_and_another_seed_others(film_folder: Path) -> None:
    """The card's seed must be able to make the checkpoint again."""
    plain = film_recipe()
    config = recipe(plain, epochs=1, augmentation="strong")
    cases = _cases(film_folder, config)

    first, second = train_network(cases, config), train_network(cases, config)
    other = train_network(cases, recipe(plain, epochs=1, augmentation="strong", seed=1))

    weights = [next(t.network.parameters()) for t in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_inner_fold_is_reported_and_not_taught(film_folder: Path) -> None:
    """Epochs are chosen on patients that the run was not taught."""
    config = recipe(film_recipe(), hold_out=0.5, epochs=2)

    trained = train_network(_cases(film_folder, config), config)

    assert trained.cases < 20
    assert all(epoch.inner is not None and 0 <= epoch.inner <= 1 for epoch in trained.history)
    assert (
        train_network(_cases(film_folder, recipe(film_recipe(), epochs=1)), recipe(film_recipe(), epochs=1)).cases == 20
    )


def test_network_is_fed_what_serving_feeds_it(film_folder: Path) -> None:
    """The last step before the network, repeating grey, must be `preprocess`'s too."""
    config = recipe(film_recipe(), epochs=1)
    seen: list[torch.Tensor] = []
    cases = _cases(film_folder, config)

    def spy(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0].detach().clone())

    with torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: spy(module, inputs) if type(module).__name__ == "MobileNetV3" else None
    ):
        train_network(cases, config)

    study = Folder(film_folder).study("train/NORMAL/film0.png")
    served = torch.from_numpy(preprocess(study, config.input).array)
    fed = torch.cat(seen)
    assert min(float((item - served).abs().max()) for item in fed) < 1e-5


def test_larger_volumes_are_taught_in_windows(volume_folder: Path) -> None:
    """A volume that does not fit the patch is cropped, label and image at one place."""
    plain = volume_recipe()
    plain["model"] = plain["model"] | {"input": plain["model"]["input"] | {"patch": (8, 12, 8)}}
    config = recipe(plain, epochs=2)

    trained = train_network(_cases(volume_folder, config), config)

    assert np.isfinite(trained.history[-1].loss)


def test_multitask_network_learns_slices_with_their_neighbours(volume_folder: Path) -> None:
    """Both heads are wired: the map's loss and the classes' fall together."""
    config = recipe(multitask_recipe())

    history = train_network(_cases(volume_folder, config), config).history

    assert history[-1].loss < 0.7 * history[0].loss


@pytest.mark.parametrize("plain", [volume_recipe(), multitask_recipe()], ids=["windows", "slices"])
def test_fold_of_volumes_is_left_out_and_its_dice_told(plain: dict[str, Any], volume_folder: Path) -> None:
    """Sizes and epochs are chosen by what patients give that were not taught."""
    config = recipe(plain, epochs=12)
    cases = _cases(volume_folder, config)
    fold = next(f for f in (Fold(1, 3), Fold(2, 3), Fold(3, 3)) if 0 < f.holds(cases.patients).sum() < 5)

    trained = train_network(cases, config, fold=fold)

    assert trained.inner is not None
    assert 0.1 < trained.inner <= 1
    assert trained.cases < train_network(cases, recipe(plain, epochs=1)).cases


def test_fold_with_every_patient_is_refused(film_folder: Path) -> None:
    """A run without cases is told in words, before its first step."""
    config = recipe(film_recipe())
    cases = _cases(film_folder, config)
    fold = next(f for f in (Fold(1, 2), Fold(2, 2)) if f.holds(cases.patients[:1])[0])
    alone = Cases(cases.images[:1], np.asarray(cases.targets)[:1], cases.patients[:1])

    with pytest.raises(ConfigError, match="nothing left to learn"):
        train_network(alone, config, fold=fold)


def test_patience_ends_a_run_and_keeps_its_best_look(film_folder: Path) -> None:
    """Weights from after the best look would not be those whose figure is told."""
    config = recipe(film_recipe(), epochs=40, hold_out=0.5, patience=2)

    trained = train_network(_cases(film_folder, config), config)

    looks = [epoch.inner for epoch in trained.history if epoch.inner is not None]
    assert len(trained.history) < 40
    assert trained.inner == max(looks)
    assert looks[-1] <= max(looks[:-2])


@pytest.mark.parametrize("steps", [1, 10, 1000])
def test_rate_rises_then_falls_to_nearly_nothing(steps: int) -> None:
    """The averaged weights are only steady if the last steps are small."""
    rates = [rate_at(step, steps) for step in range(steps)]
    rising = max(1, int(WARM_UP * steps))

    assert max(rates) == 1.0
    assert rates[:rising] == sorted(rates[:rising])
    assert rates[rising:] == sorted(rates[rising:], reverse=True)
    assert steps < 1000 or rates[-1] < 1e-4


def test_batch_statistics_are_those_of_all_items_however_the_table_is_sorted(
    film_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables lie sorted by class: batches of one class would leave out how far the classes lie apart."""
    monkeypatch.setattr(learner, "EVALUATION_BATCH", 4)
    config = recipe(film_recipe(), epochs=1)
    cases = _cases(film_folder, config)
    order = np.argsort(np.asarray(cases.targets), kind="stable")
    apart = replace(
        cases,
        images=[cases.images[i] + np.float32(4) * np.float32(cases.targets[i]) for i in order],
        targets=[cases.targets[i] for i in order],
        patients=[cases.patients[i] for i in order],
    )

    network = train_network(apart, config).network

    convolution, norm = network.features[0][0], network.features[0][1]
    with torch.inference_mode():
        seen = convolution(torch.from_numpy(np.stack(apart.images)).repeat(1, convolution.in_channels, 1, 1))
    spread = seen.transpose(0, 1).flatten(1).var(1)
    assert torch.allclose(norm.running_var, spread, rtol=0.25)
