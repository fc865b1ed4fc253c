"""A card measured again: to the last digit printed, and a figure that differs is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.models.recarding import with_card
from core.settings import settings
from core.workflows import recheck as module
from core.workflows.recheck import recheck
from tests.training.conftest import film_recipe, write_recipe
from tests.training.test_shipping import shipped_films


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty shelf, and the recipe where a card's name of it leads."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    (tmp_path / "recipes").mkdir()
    write_recipe(tmp_path / "recipes" / "tiny_films.json", film_recipe())
    monkeypatch.setattr(module, "HERE", tmp_path)
    return tmp_path / "shelf"


@pytest.mark.seeds(5)
def test_figures_come_out_as_they_are_printed(film_folder: Path, shelf: Path) -> None:
    """A card is a claim that anybody with the data can check by one command."""
    model = shipped_films(film_folder, shelf / "tiny_films_v0.1.0.safetensors")

    found = recheck(model.id, film_folder, "test")

    assert len(found) > 10
    assert all(one.same for one in found)
    assert not any("seconds" in one.name for one in found)


def test_figure_that_was_changed_or_added_is_told(film_folder: Path, shelf: Path) -> None:
    """A card that was edited by hand must not pass."""
    model = shipped_films(film_folder, shelf / "tiny_films_v0.1.0.safetensors")
    first, *rest = [m for m in model.card.metrics if m.split == "test"]
    card = model.card.model_copy(update={"metrics": (first.model_copy(update={"value": 0.123}), *rest[1:])})
    with_card(model, card)

    other = [one for one in recheck(model.id, film_folder, "test") if not one.same]

    assert [(one.name, one.card is None) for one in other] == [
        (f"{first.name} (patient)", False), (f"{rest[0].name} ({rest[0].unit})", True),
    ]  # fmt: skip
    assert (other[0].card or "").startswith("0.123")


def test_split_without_figures_is_refused(film_folder: Path, shelf: Path) -> None:
    """Comparing with nothing would succeed."""
    model = shipped_films(film_folder, shelf / "tiny_films_v0.1.0.safetensors")

    with pytest.raises(ConfigError, match="no figures of val"):
        recheck(model.id, film_folder, "val")
