"""The audit as one step: measured, told, and put on the card in the place of an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.models import get_model
from core.settings import settings
from core.workflows.shortcuts import audit
from tests.training.conftest import film_recipe, volume_recipe, write_recipe
from tests.training.test_asking import untrained


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def test_second_audit_takes_the_place_of_the_first(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """Two audits on one card would contradict each other."""
    model = untrained(film_recipe(), shelf)
    recipe = write_recipe(tmp_path / "r.json", film_recipe())

    found = audit(model.id, recipe, film_folder, write=True)
    once = get_model(model.id).card
    audit(model.id, recipe, film_folder, write=True)

    assert get_model(model.id).card == once
    assert once.metrics == found
    assert len(once.limits) == 2
    assert get_model(model.id).weights_sha256 == model.weights_sha256


def test_audit_without_writing_leaves_the_file_alone(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """Looking is not changing."""
    model = untrained(film_recipe(), shelf)

    audit(model.id, write_recipe(tmp_path / "r.json", film_recipe()), film_folder)

    assert get_model(model.id).file_sha256 == model.file_sha256


def test_segmentation_is_refused(volume_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """There are no classes that a shortcut could tell apart."""
    model = untrained(volume_recipe(), shelf)

    with pytest.raises(ConfigError, match="do not classify"):
        audit(model.id, write_recipe(tmp_path / "r.json", volume_recipe()), volume_folder)
