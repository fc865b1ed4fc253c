"""The Models page: what is listed, what a search and a link open, and who is offered a change."""

from __future__ import annotations

import getpass
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.settings import settings
from core.studies.synthetic import synthetic_film
from core.workflows.cohorts import add_images, list_cohorts
from core.workflows.may_change import Asker
from core.workflows.registry import history, register
from core.workflows.shelf_view import Asked, matching, shelf_rows
from core.workspace import Workspace
from pages._ui.models import asking, bringing, changing, lifecycle
from tests.pages.conftest import ended, texts
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS, make_evil

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
    assert "Under Engine it can be converted" in texts(app)
    assert list((settings().home / "store").glob("*/model.safetensors"))
    assert not list(settings().home.glob(".received-*"))


@pytest.mark.seeds(40)
def test_whoever_may_only_read_is_told_so_and_offered_nothing(open_app: OpenApp, read_only: None) -> None:
    """Reading stays open; a button that is refused is worse than none."""
    app = open_app("models", model=CHEST)

    assert "read only" in texts(app)
    assert not [one for one in app.button if one.key == "import"]


def _lifecycle(app: AppTest) -> AppTest:
    return app.button_group(key="model-view").set_value("Stage and history").run()


def _fill(app: AppTest, **typed: str) -> AppTest:
    for key, text in typed.items():
        app.text_input(key=key.replace("_", "-")).set_value(text)
    return app.run()


@pytest.mark.seeds(22, 24)
def test_a_promotion_is_refused_with_its_reasons_then_accepted_and_both_are_history(open_app: OpenApp) -> None:
    """The gate's reasons stand on screen before anybody presses; what was done is noted with who and why."""
    app = _lifecycle(open_app("models", model=CHEST))
    assert "not registered" in texts(app)
    app = _fill(app, register_reason="first tiny model")
    app.button(key="register").click().run()
    assert f"{CHEST} is registered." in texts(app)

    app.selectbox(key="stage-wanted").set_value("Production").run()
    assert "Nobody is named who reviewed it." in texts(app)
    _fill(app, stage_reason="straight on")
    app.button(key="stage-move").click().run()
    assert f"{CHEST} cannot go to Production" in texts(app)
    assert "From Development the next stage is Testing." in texts(app)

    app.selectbox(key="stage-wanted").set_value("Testing").run()
    app.button(key="stage-move").click().run()

    assert f"{CHEST} is in Testing now." in texts(app)
    assert "cannot go to Production" not in texts(app)
    history = texts(app).split('aria-label="History"')[1]
    assert "Development to Testing" in history
    assert "straight on" in history
    assert getpass.getuser() in history


@pytest.mark.seeds(22)
def test_an_alias_is_set_and_found_by_the_search(open_app: OpenApp) -> None:
    """Whoever looks for the champion types 'champion'."""
    register(CHEST, "for the alias")
    app = _lifecycle(open_app("models", model=CHEST))

    _fill(app, alias_name="champion", alias_reason="the only one")
    app.button(key="alias-set").click().run()

    assert "answers under champion" in texts(app)
    assert [row.id for row in matching(shelf_rows(), Asked("champion"))] == [CHEST]


def test_a_change_without_a_reason_is_refused(open_app: OpenApp) -> None:
    """Nobody can explain it later."""
    register(CHEST, "for the stage")
    app = _lifecycle(open_app("models", model=CHEST))

    app.button(key="stage-move").click().run()

    assert "No reason is given." in texts(app)


def test_a_pinned_model_stands_first_for_everybody(open_app: OpenApp) -> None:
    """The list of a lab, not of one browser."""
    app = open_app("models", model=HIPPOCAMPUS)

    app.button(key="pin").click().run()

    assert shelf_rows()[0].id == HIPPOCAMPUS
    assert app.button(key="pin").label == "Unpin"


@pytest.mark.seeds(40)
def test_a_change_is_noted_under_the_name_that_signed_in(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event names a person, not a server's account."""
    monkeypatch.setenv("READROOM_EDITORS", "ana@lab.example")
    settings.cache_clear()
    signed_in = Asker(single_use=False, sign_in=True, claims={"email": "ana@lab.example"})
    for module in (asking, bringing, changing, lifecycle):
        monkeypatch.setattr(module, "asker", lambda: signed_in)
    app = _lifecycle(open_app("models", model=CHEST))

    _fill(app, register_reason="by Ana")
    app.button(key="register").click().run()

    assert history(CHEST)[0].who == "ana@lab.example"


@pytest.mark.seeds(23)
def test_an_audit_counts_the_files_and_names_the_changed_one(
    open_app: OpenApp, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One flipped byte, told with the file's name."""
    changed = shutil.copytree(shelf / CHEST, tmp_path / "shelf" / CHEST) / "model.safetensors"
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    app = open_app("models")

    app.button(key="audit-now").click().run()

    assert "tampered" in texts(app)
    assert f"{CHEST}/model.safetensors" in texts(app)
    assert "checksum differs" in [row.state for row in shelf_rows()]


def test_recall_names_cases_and_no_file(open_app: OpenApp) -> None:
    """A model that was withdrawn: what rests on it is listed, or that there is nothing."""
    app = _lifecycle(open_app("models", model=CHEST))

    app.button(key="recall-find").click().run()

    assert "Nothing that is stored here came from this model." in texts(app)


@pytest.mark.seeds(31, 32)
def test_a_file_that_does_not_load_is_explained_with_what_to_do(open_app: OpenApp) -> None:
    """The three sentences of an import, before anything is imported; foreign words are text."""
    app = open_app("models")
    content = io.BytesIO()
    torch.save({"<b>extra</b>.weight": torch.zeros(3)}, content)

    app.file_uploader(key="why-0").set_value([("best.pth", content.getvalue(), "")]).run()

    shown = texts(app)
    assert "It does not load." in shown
    assert "What to do" in shown
    assert "<b>extra</b>" not in shown
    assert "&lt;b&gt;extra&lt;/b&gt;" in shown
    assert not list(settings().home.glob(".received-*"))


@pytest.mark.seeds(39)
def test_one_click_scores_a_set_with_both_and_leads_to_the_paired_test(
    open_app: OpenApp, workspace: Workspace, film: Path, tmp_path: Path
) -> None:
    """From 'are these two different?' to the page that answers it, about the same cases."""
    films = tmp_path / "films.zip"
    with zipfile.ZipFile(films, "w") as archive:
        for number in range(6):
            made = tmp_path / f"{number}.png"
            synthetic_film(made, number)
            archive.write(made, f"{'pneumonia' if number % 2 else 'normal'}/{number}.png")
    with films.open("rb") as file:
        kept = add_images(workspace, [("films.zip", file)])
    app = open_app("models", model=CHEST)
    app.button_group(key="model-view").set_value("Beside another").run()

    app.button(key="compare-these").click().run()

    ended(workspace)
    (cohort,) = list_cohorts(workspace)
    assert cohort.id == kept.id
    assert {one.model_id for one in cohort.models if one.scored} == {CHEST, CHEST_TWO}
    assert app.title[0].value == "Model comparison"
    again = open_app("models", model=CHEST)
    again.button_group(key="model-view").set_value("Beside another").run()
    (way,) = [one.proto for one in again.get("page_link") if one.proto.label.startswith("Compare on")]
    assert parse_qs(way.query_string)["set"] == [kept.id]
    assert len(parse_qs(way.query_string)["models"]) == 2


def test_a_torn_configuration_beside_the_file_is_refused_in_words(open_app: OpenApp) -> None:
    """What the tensors cannot tell is stated there; half of it is worse than none, and nothing is left on disk."""
    content = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, content)
    app = open_app("models")
    app.file_uploader(key="bring-0").set_value([("w.pth", content.getvalue(), "")])
    app.file_uploader(key="beside-0").set_value([("c.json", b'{"model_type":', "")]).run()

    app.button(key="import").click().run()

    assert "model_config.json is not valid JSON" in texts(app)
    assert not list(settings().home.glob(".received-*"))


def test_a_pin_that_cannot_be_noted_says_so(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click without an answer is clicked again, and again."""
    app = open_app("models", model=HIPPOCAMPUS)
    monkeypatch.setattr(asking, "is_single_use", lambda: False)

    app.button(key="pin").click().run()

    assert "The shelf was not changed." in texts(app)
    assert shelf_rows()[0].id != HIPPOCAMPUS
