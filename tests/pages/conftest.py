"""The pages under Streamlit's own test harness, with a shelf of tiny models and one owner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import settings
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workspace import Workspace, jobs
from pages._ui import state
from tests.pages.tiny_shelf import make_shelf

OWNER = "A" * 43
SHELL = Path(__file__).resolve().parents[2] / "pages" / "_ui" / "shell.py"
START_S = 120


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models, made once."""
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def workspace(home: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """What the owner of the page under test has; the page finds the tiny shelf."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    monkeypatch.setattr(state, "given_cookie", lambda: OWNER)
    settings.cache_clear()
    owner = Workspace(OWNER)
    yield owner
    jobs.cancel_all(owner)
    ended(owner)


@pytest.fixture
def open_app(workspace: Workspace) -> Callable[..., AppTest]:
    """open_app('upload' or 'predict', model=…, case=…): the page after its first run."""

    def start(page: str = "upload", **address: str) -> AppTest:
        app = AppTest.from_file(SHELL, default_timeout=START_S)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        if page != "upload":
            app.switch_page(f"../{page}.py")
            for name, value in address.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception
        return app

    return start


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic film as PNG."""
    path = tmp_path_factory.mktemp("film") / "film.png"
    synthetic_film(path, 11)
    return path


@pytest.fixture(scope="session")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic volume as NIfTI."""
    path = tmp_path_factory.mktemp("volume") / "volume.nii.gz"
    synthetic_volume(path, 11)
    return path


def ended(workspace: Workspace) -> None:
    """Wait until the owner's jobs have ended."""
    deadline = time.monotonic() + START_S
    while jobs.running(workspace):
        assert time.monotonic() < deadline, "a job did not end"
        time.sleep(0.02)


def texts(app: AppTest) -> str:
    """Everything that `st.html` and the like put on the page, one block a line."""
    blocks = [str(element.proto.body) for element in app.get("html")]
    return "\n".join(b for b in blocks if not b.startswith("<style"))
