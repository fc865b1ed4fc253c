"""Resuming: a run that was stopped and goes on ends with the very numbers of an unbroken one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import Cancelled, ConfigError
from core.training.dataset import Cases, Fold, Folder, in_groups, prepare
from core.training.loop import Session, train_network
from core.training.recipe import TrainConfig
from tests.training.conftest import film_recipe, multitask_recipe, recipe, volume_recipe


def _cases(folder: Path, config: TrainConfig) -> Cases:
    opened = Folder(folder)
    cases = prepare(opened, in_groups(opened.rows(config.data.tables), config.data.train), config)
    opened.close()
    return cases


def _after(steps: int) -> Callable[[], bool]:
    """Says stop once it was asked so often."""
    asked = iter(range(1000))
    return lambda: next(asked) >= steps - 1


@pytest.mark.seeds(18)
@pytest.mark.parametrize(
    ("plain", "folder", "changes"),
    [
        (film_recipe(), "film_folder", {"epochs": 3, "augmentation": "hard", "mirror": True}),
        (film_recipe(), "film_folder", {"epochs": 4, "hold_out": 0.5, "patience": 3}),
        (volume_recipe(), "volume_folder", {"epochs": 3, "batch": 2, "augmentation": "medium", "foreground": 0.5}),
        (multitask_recipe(), "volume_folder", {"epochs": 2, "augmentation": "light"}),
    ],
    ids=["film", "patience", "windows", "slices"],
)
@pytest.mark.parametrize("stopped_after", [1, 3])
def test_stopped_and_resumed_run_is_the_unbroken_one(
    plain: dict[str, Any],
    folder: str,
    changes: dict[str, Any],
    stopped_after: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """In the middle of an epoch or between two, every byte of the weights must come out alike."""
    config = recipe(plain, **changes)
    cases, state = _cases(request.getfixturevalue(folder), config), tmp_path / "state.safetensors"
    whole = train_network(cases, config)

    with pytest.raises(Cancelled):
        train_network(cases, config, Session(stop=_after(stopped_after), keep=state))
    torch.rand(7)  # whatever happens in between must not matter
    resumed = train_network(cases, config, Session(start=state))

    ours, theirs = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert [(e.number, e.loss, e.rate, e.inner) for e in whole.history] == [
        (e.number, e.loss, e.rate, e.inner) for e in resumed.history
    ]
    assert (whole.steps, whole.inner) == (resumed.steps, resumed.inner)


def test_state_of_another_recipe_fold_or_data_is_refused(film_folder: Path, tmp_path: Path) -> None:
    """A run that goes on as another is neither."""
    config, state = recipe(film_recipe(), epochs=2), tmp_path / "state.safetensors"
    cases = _cases(film_folder, config)
    with pytest.raises(Cancelled):
        train_network(cases, config, Session(stop=lambda: True, keep=state))

    with pytest.raises(ConfigError, match="another recipe"):
        train_network(cases, recipe(film_recipe(), epochs=3), Session(start=state))
    with pytest.raises(ConfigError, match="another fold"):
        train_network(cases, config, Session(start=state), fold=Fold(1, 2))
    with pytest.raises(ConfigError, match="another splits"):
        train_network(cases, config, Session(start=state, splits=(("train", "other files"),)))


def test_long_run_keeps_its_state_without_being_asked(
    film_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut asks nobody."""
    config, state = recipe(film_recipe(), epochs=1), tmp_path / "state.safetensors"
    monkeypatch.setattr("core.training.loop.KEEP_S", 0.0)

    train_network(_cases(film_folder, config), config, Session(keep=state))

    assert state.exists()
