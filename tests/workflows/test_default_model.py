"""The installation's own choice: preferred where it reads the case, and no obstacle where it is wrong."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.settings import settings
from core.studies.study import Kind
from core.workflows.choose_model import first_fitting, models_for
from core.workflows.default_model import chosen_id, default_model
from core.workspace import Workspace
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS
from tests.phantoms import add_phantom


@pytest.fixture
def config(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config.json that chooses the second chest model."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    settings.cache_clear()
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_path": str(get_model(CHEST_TWO).path)}))
    monkeypatch.setenv("READROOM_MODEL_CONFIG_FILE", str(path))
    settings.cache_clear()
    return path


@pytest.mark.seeds(17)
def test_the_chosen_model_is_preferred_where_it_reads_the_case(config: Path) -> None:
    """A choice of an X-ray model says nothing about volumes."""
    owner = Workspace("owner-one")
    film, volume = add_phantom(owner, Kind.FILM), add_phantom(owner, Kind.VOLUME)
    chosen, other = first_fitting(models_for(film), film), first_fitting(models_for(volume), volume)

    assert chosen is not None
    assert other is not None
    assert (chosen.id, other.id) == (CHEST_TWO, HIPPOCAMPUS)


@pytest.mark.seeds(17)
def test_a_wrong_choice_is_logged_and_the_list_stands(config: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A page must open though a file of the installation is wrong."""
    config.write_text(json.dumps({"model_path": "nowhere.pth"}))
    film = add_phantom(Workspace("owner-one"), Kind.FILM)

    with caplog.at_level(logging.WARNING):
        chosen = first_fitting(models_for(film), film)

    assert chosen is not None
    assert chosen.id == CHEST
    assert "chooses nowhere.pth, and nothing lies there" in caplog.text


def test_without_a_choice_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual installation."""
    assert default_model() is None
    assert chosen_id() is None
