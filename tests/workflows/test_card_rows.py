"""The rows of a card: each share with its counts, and what became of each promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.models.model import Model
from core.workflows.card_rows import figure_rows, point_rows, reached_rows, split_rows, splits

SHELF = Path(__file__).resolve().parents[2] / "model_backups"


@pytest.fixture(scope="module")
def chest() -> Model:
    return get_model("chest_pneumonia_densenet121_v1.0.1", [SHELF])


def test_a_rate_at_a_point_stands_with_the_point_and_not_among_the_figures(chest: Model) -> None:
    """The same number twice on a page makes a reader look for the difference."""
    figures = [row[0] for split in splits(chest) for row in figure_rows(chest, split)]

    assert not [name for name in figures if name.endswith(" at screening")]
    assert {row[0] for row in reached_rows(chest)} == {row[0] for row in point_rows(chest)}


def test_a_broken_promise_is_called_broken(chest: Model) -> None:
    """70 of 89 found where 95 % were promised is no chance: the card must not hide it."""
    said = {(point, split): last for point, split, *_, last in reached_rows(chest)}

    assert said["screening", "covid-chestxray-dataset"] == "broken"
    assert said["screening", "official_test"] == "kept"


def test_data_is_named_with_what_it_was_used_for(chest: Model) -> None:
    """A reader must see which cases taught, which chose and which only measured."""
    roles = {name: role for name, role, *_ in split_rows(chest)}

    assert (roles["train"], roles["val"], roles["official_test"]) == ("taught", "chose", "measured")
