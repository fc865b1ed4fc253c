"""Learned files: what one machine learned, another measures, if it is the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import ConfigError
from core.models.building import build_network
from core.training.learned import Epoch, Trained, is_learned, read_learned, write_history, write_learned
from tests.training.conftest import CARD, film_recipe, recipe

SPLITS = {"train": "20 files"}


def _trained() -> Trained:
    torch.manual_seed(3)
    network = build_network(recipe(film_recipe()).model).eval()
    history = (Epoch(1, 0.7, 1e-3, None, 1.5), Epoch(2, 0.6, 1e-4, 0.9, 3.0))
    return Trained(network, history, 20, 4, 3.0, 6.0, "cpu", 2, "python", 0.9)


def test_learned_file_gives_back_weights_as_they_ship_and_how_they_came_about(tmp_path: Path) -> None:
    """What is measured elsewhere must be what was learned here, in half precision already."""
    config, path, trained = recipe(film_recipe()), tmp_path / "a.learned.safetensors", _trained()
    write_learned(trained, config, SPLITS, path)

    read = read_learned(path, config, SPLITS)

    state = read.network.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in trained.network.state_dict().items())
    assert all(torch.equal(p, p.half().float()) for p in read.network.parameters())
    assert (read.history, read.seconds, read.device, read.inner) == (trained.history, 3.0, "cpu", 0.9)
    assert not read.network.training
    assert is_learned(path)
    assert path.stat().st_size < 2.3 * sum(p.numel() for p in read.network.parameters())


def test_learned_file_of_another_recipe_or_of_other_data_is_refused(tmp_path: Path) -> None:
    """A card that describes another run than the one that made the weights is false."""
    config, path = recipe(film_recipe()), tmp_path / "a.learned.safetensors"
    write_learned(_trained(), config, SPLITS, path)

    reworded = recipe(film_recipe(card=CARD | {"summary": "In better words."}))
    assert read_learned(path, reworded, SPLITS).cases == 20
    with pytest.raises(ConfigError, match="another recipe"):
        read_learned(path, recipe(film_recipe(), seed=9), SPLITS)
    with pytest.raises(ConfigError, match="other training files"):
        read_learned(path, config, {"train": "21 files"})


def test_history_is_a_table_with_a_row_an_epoch(tmp_path: Path) -> None:
    """A curve must be drawable without this program."""
    write_history(_trained().history, tmp_path / "h.csv")

    assert (tmp_path / "h.csv").read_text().splitlines() == [
        "number,loss,rate,inner,seconds",
        "1,0.7,0.001,,1.5",
        "2,0.6,0.0001,0.9,3.0",
    ]
