"""The engine on the Models page: what a model runs on, the choice of this tab alone, and the conversion."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.engines.choose import engine_title, rests_on
from core.inference.predictor import Predictor
from core.models.model import Model
from core.registry.noting import CONVERTED
from core.settings import settings
from core.studies import read_study
from core.studies.study import Kind
from core.workflows.engine_view import engine_lines
from core.workflows.import_model import import_model
from core.workflows.registry import history
from core.workspace import Workspace
from pages._ui.models import asking
from tests.pages.conftest import texts
from tests.pages.tiny_shelf import CHEST, HIPPOCAMPUS
from tests.phantoms import add_phantom

OpenApp = Callable[..., AppTest]


def _engine(app: AppTest) -> AppTest:
    return app.button_group(key="model-view").set_value("Engine").run()


@pytest.fixture
def imported(workspace: Workspace, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of the store, which nobody converted; the shelf is empty."""
    file = shutil.copy(next((shelf / HIPPOCAMPUS).glob("*.safetensors")), tmp_path / "weights.safetensors")
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "none"))
    settings.cache_clear()
    return import_model(file)


@pytest.mark.seeds(38)
def test_an_imported_model_is_converted_and_then_runs_without_torch(
    imported: Model, open_app: OpenApp, volume: Path
) -> None:
    """Once for its weights, in a process of its own; what it rests on is said, and the history knows who did it."""
    app = _engine(open_app("models", model=imported.id))
    assert "it was not converted for the others" in texts(app)

    app.button(key="convert").click().run()

    assert "OpenVINO answers as torch does" in texts(app)
    assert texts(app).count(">checked on samples<") == 2
    assert not [one for one in app.button if one.key == "convert"]
    assert [line.here for line in engine_lines(imported)] == ["used", "", ""]
    assert [line.here for line in engine_lines(imported, "torch")] == ["", "", "used"]
    assert engine_title(imported) == "CPU, OpenVINO"
    assert rests_on(imported).startswith("checked on samples, against torch")
    assert list((settings().home / "engines" / imported.weights_sha256).iterdir())
    assert history(imported.id)[0].what == CONVERTED
    assert Predictor(imported).predict(read_study([volume])).provenance.device == "cpu, OpenVINO"


def test_a_chosen_engine_is_this_tabs_alone_and_refused_where_it_cannot_run(
    open_app: OpenApp, workspace: Workspace
) -> None:
    """The same reader in another tab, or anybody else, goes on as before; no other engine answers in its place."""
    case = add_phantom(workspace, Kind.VOLUME)
    app = _engine(open_app("models", model=HIPPOCAMPUS))

    app.button_group(key="engine").set_value("torch").run()
    assert "CPU, torch, as chosen" in texts(app)
    assert app.query_params["engine"] in ("torch", ["torch"])

    app.button_group(key="engine").set_value("openvino").run()
    assert "OpenVINO was chosen, and cannot run tiny hippocampus here." in texts(app)
    app.switch_page("../predict.py").run()
    assert "OpenVINO was chosen, and cannot run tiny hippocampus here." in texts(app)
    assert not [one for one in app.button if one.key == "run"]

    other = open_app("predict", model=HIPPOCAMPUS, case=case.id)
    assert "as chosen" not in texts(other)
    assert [one for one in other.button if one.key == "run"]


def test_a_link_names_the_engine_and_one_that_is_not_known_is_said(open_app: OpenApp) -> None:
    """A colleague's link must show the same result, or say why not."""
    assert "CPU, torch, as chosen" in texts(open_app("models", model=CHEST, engine="torch"))
    assert "which is not known here" in texts(open_app("models", model=CHEST, engine="abacus"))


def test_whoever_may_only_read_is_offered_no_conversion(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes what everybody's runs use."""
    monkeypatch.setattr(asking, "is_single_use", lambda: False)

    app = _engine(open_app("models", model=CHEST))

    assert "It can be converted by whoever may change the shelf." in texts(app)
    assert not [one for one in app.button if one.key == "convert"]
