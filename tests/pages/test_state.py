"""The address: what the user wished is taken over, what the browser had not heard of yet is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.studies.study import Kind
from core.workspace import Workspace
from pages._ui import state
from tests.pages.tiny_shelf import CHEST, CHEST_TWO
from tests.phantoms import add_phantom

OpenApp = Callable[..., AppTest]


@pytest.fixture
def three_films(workspace: Workspace) -> Workspace:
    """case-01 to case-03."""
    for _ in range(3):
        add_phantom(workspace, Kind.FILM)
    return workspace


def _address(app: AppTest) -> dict[str, str]:
    return {name: v if isinstance(v, str) else v[-1] for name, v in app.query_params.items()}


def test_an_address_older_than_the_page_is_no_wish(
    open_app: OpenApp, three_films: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses Next twice has sent the second press before the answer to the first: it must not lead back."""
    monkeypatch.setattr(state, "LAG_S", 60.0)
    app = open_app("predict", model=CHEST, case="case-01")
    app.run()
    before = dict(app.query_params)
    app.button(key="next").click().run()

    app.query_params.clear()
    app.query_params.update(before)
    app.button(key="next").click().run()

    assert app.selectbox(key="case").value == "case-03"
    assert _address(app)["case"] == "case-03"


def test_a_step_back_or_a_link_is_followed(
    open_app: OpenApp, three_films: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser's Back button, or an address typed by hand, comes when the page has long been at rest."""
    monkeypatch.setattr(state, "LAG_S", 0.0)
    app = open_app("predict", model=CHEST, case="case-01")
    app.button(key="next").click().run()

    app.query_params["case"] = "case-01"
    app.query_params["model"] = CHEST_TWO
    app.run()

    assert app.selectbox(key="case").value == "case-01"
    assert app.selectbox(key="model").value == CHEST_TWO


def test_an_address_that_the_browser_has_sent_back_is_followed_at_once(
    open_app: OpenApp, three_films: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any run with our own address nothing old is on its way: no need to wait."""
    monkeypatch.setattr(state, "LAG_S", 60.0)
    app = open_app("predict", model=CHEST, case="case-01")
    app.button(key="next").click().run()
    app.run()

    app.query_params["case"] = "case-01"
    app.run()

    assert app.selectbox(key="case").value == "case-01"


def test_what_other_pages_keep_in_the_address_stays(open_app: OpenApp, three_films: Workspace) -> None:
    """Model, case and job are written in one step; a page's own names are none of ours."""
    app = open_app("predict", model=CHEST, case="case-01", t="0.25")

    app.button(key="next").click().run()

    assert _address(app)["t"] == "0.25"
    assert _address(app)["case"] == "case-02"
