"""Words of a shipped card are mended from its recipe; what was measured is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.models import get_model
from core.settings import settings
from core.workflows.reword import reword
from tests.training.conftest import CARD, film_recipe, write_recipe
from tests.training.test_shipping import shipped_films


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    return tmp_path / "shelf"


def test_words_change_and_figures_with_their_sentences_stay(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """A slip of the pen must not cost a measurement, nor lose a broken promise."""
    before = shipped_films(film_folder, shelf / "tiny_films_v0.1.0.safetensors")
    plain = film_recipe(card=CARD | {"summary": "Better said.", "limits": ["Still drawings only."]})

    after = reword(before.id, write_recipe(tmp_path / "r.json", plain))

    assert after.card.summary == "Better said."
    assert after.card.limits == ("Still drawings only.", *before.card.limits[1:])
    assert after.card.metrics == before.card.metrics
    assert (after.operating_points, after.weights_sha256) == (before.operating_points, before.weights_sha256)
    changed = {k for k, said in after.card.provenance.items() if before.card.provenance[k] != said}
    assert changed == {"recipe sha256"}
    assert get_model(before.id).verified


def test_recipe_that_would_change_more_is_refused(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """Another input size, or a split that was never measured, is no matter of words."""
    model = shipped_films(film_folder, shelf / "tiny_films_v0.1.0.safetensors")
    plain = film_recipe()
    other = plain | {"model": plain["model"] | {"description": "else"}}
    more = plain | {"data": plain["data"] | {"report": ["test", "more"]}}

    for changed in (other, more, film_recipe(id="tiny_others_v0.1.0")):
        with pytest.raises(ConfigError, match="not the recipe"):
            reword(model.id, write_recipe(tmp_path / "r.json", changed))
