"""The Models page: what is listed, what a search and a link open, and who is offered a change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import settings
from core.workspace import Workspace
from pages._ui.models import asking
from tests.pages.conftest import texts
from tests.pages.tiny_shelf import CHEST, HIPPOCAMPUS, make_evil

OpenApp = Callable[..., AppTest]


def _view(app: AppTest, name: str) -> str:
    """What stands on one side of the open model."""
    return texts(app.button_group(key="model-view").set_value(name).run())


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers other machines, without sign-in."""
    monkeypatch.setattr(asking, "is_single_use", lambda: False)


def test_a_link_opens_its_model_with_the_notice_beside_it(open_app: OpenApp) -> None:
    """A colleague's link must show the same model, and what it may not be used for."""
    app = open_app("models", model=HIPPOCAMPUS)

    assert app.selectbox(key="model").value == HIPPOCAMPUS
    assert f"{HIPPOCAMPUS} · version 1.0.0" in texts(app)
    assert "Not for" in texts(app)
    assert "Research use only." in texts(app)


def test_a_links_model_that_is_not_here_is_said(open_app: OpenApp) -> None:
    """Another model in its place would pass for the one that was meant."""
    assert "which is not here" in texts(open_app("models", model="gone_v1.0.0"))


def test_a_search_that_finds_nothing_says_how_to_go_on(open_app: OpenApp) -> None:
    """An empty list looks like an empty shelf."""
    app = open_app("models")

    app.text_input(key="shelf-text").set_value("nothing like this").run()

    assert "No model fits this search." in texts(app)


@pytest.mark.seeds(4)
def test_figures_stand_with_their_counts_and_the_guide_with_its_source(open_app: OpenApp) -> None:
    """A percentage without its cases is an opinion."""
    app = open_app("models", model=CHEST)

    shown = _view(app, "Figures")

    assert "90.0 % (90 of 100)" in shown
    assert "0.400 to 0.600" in shown
    assert "Selection guide" in shown


def test_configuration_and_integrity_are_shown_in_full(open_app: OpenApp) -> None:
    """Whoever reports a result needs both, whole."""
    app = open_app("models", model=CHEST)

    assert "input.normalisation" in _view(app, "Configuration")
    assert "SHA-256 of the weights" in _view(app, "Integrity")


@pytest.mark.seeds(39)
def test_two_models_stand_beside_each_other_with_the_way_to_a_paired_test(open_app: OpenApp) -> None:
    """Differences in configuration, and no subtraction of figures."""
    shown = _view(open_app("models", model=HIPPOCAMPUS), "Beside another")

    assert "base_filters" in shown
    assert "paired question" in shown


def test_words_of_a_foreign_card_are_text(
    open_app: OpenApp, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card is whatever somebody wrote into a file."""
    monkeypatch.setenv("READROOM_SHELF", str(make_evil(tmp_path / "evil")))
    settings.cache_clear()

    shown = texts(open_app("models", model="evil_film_v1.0.0"))

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "&lt;img src=x onerror=" in shown


def test_an_empty_shelf_says_what_to_do(
    open_app: OpenApp, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing that a new installation may show."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path))
    settings.cache_clear()

    assert "No models found." in texts(open_app("models"))


def test_a_checkpoint_is_imported_and_opened(open_app: OpenApp, shelf: Path, tmp_path: Path) -> None:
    """From a file to the shelf without a terminal."""
    path = shutil.copy(next((shelf / CHEST).glob("*.safetensors")), tmp_path / "weights.safetensors")
    app = open_app("models")

    app.file_uploader(key="bring-0").set_value([("weights.safetensors", Path(path).read_bytes(), "")]).run()
    app.button(key="import").click().run()

    assert "Imported: tiny chest mobilenet" in texts(app)
    assert list((settings().home / "store").glob("*/model.safetensors"))
    assert not list(settings().home.glob(".import-*"))


@pytest.mark.seeds(40)
def test_whoever_may_only_read_is_told_so_and_offered_nothing(open_app: OpenApp, read_only: None) -> None:
    """Reading stays open; a button that is refused is worse than none."""
    app = open_app("models", model=CHEST)

    assert "read only" in texts(app)
    assert not [one for one in app.button if one.key == "import"]
