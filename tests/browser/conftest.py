"""A real browser and a real server for the tests in this folder.

`server` is the app on a free port with an empty data folder; `serve` starts more of them. `page` is
one fresh browser, `new_page` makes further ones that share nothing with it. A request that leaves
this machine fails the test that made it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.studies.synthetic import synthetic_film
from tests.pages.tiny_shelf import make_shelf

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
DESK = {"width": 1440, "height": 900}
SMALL = {"width": 1024, "height": 768}
START_S = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, and is marked so."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed; `make test` installs it"))


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running(
    app: Path, folder: Path, port: int | None = None, *, base: str = "", **environment: str
) -> Iterator[Server]:
    """`streamlit run APP` on a free port with its data in `folder`/home, pages below `base`; ends with the block."""
    port = port or free_port()
    home, log = folder / "home", folder / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    threads = {"OMP_NUM_THREADS": "2", "READROOM_DEVICE": "cpu"}
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
    command += ["--server.baseUrlPath", base] if base else []
    command += ["--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"]
    environment = {**os.environ, **threads, "READROOM_HOME": str(home), **environment}
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=subprocess.STDOUT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}{f'/{base}' if base else ''}"
            _wait_until_healthy(url, process, log)
            yield Server(url, home, log, process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310 - our own loopback
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"the app did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app itself, once for all tests that do not need a fresh one."""
    with running(REPOSITORY / "streamlit_app.py", tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf of tiny models, for tests of pages rather than of figures."""
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="session")
def tiny_server(tmp_path_factory: pytest.TempPathFactory, shelf_folder: Path) -> Iterator[Server]:
    """The app with that shelf, once for all tests that do not need a fresh one."""
    app = REPOSITORY / "streamlit_app.py"
    with running(app, tmp_path_factory.mktemp("tiny"), READROOM_SHELF=str(shelf_folder)) as started:
        yield started


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """`serve(app=…, folder=…, port=…)` starts a fresh app; a folder or port used again is a restart."""
    with ExitStack() as stack:

        def start(app: Path | None = None, folder: Path | None = None, port: int | None = None, **env: str) -> Server:
            place = folder or tmp_path_factory.mktemp("server")
            return stack.enter_context(running(app or REPOSITORY / "streamlit_app.py", place, port, **env))

        yield start


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser process for the session; tests get contexts of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`new_page(viewport=…, color_scheme=…)` opens a browser that shares nothing with the others."""
    contexts: list[BrowserContext] = []
    left: list[str] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            left.append(url)

    def open_page(**options: object) -> Page:
        context = chromium.new_context(**{"viewport": DESK, "accept_downloads": True, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: note(request.url))
        page.on("websocket", lambda socket: note(socket.url))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not left, f"requests left this machine: {left[:5]}"


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One fresh browser at 1440 x 900."""
    return new_page()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 synthetic films in class folders, and one file that is no film."""
    folder = tmp_path_factory.mktemp("films")
    path = folder / "films.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for seed in range(24):
            film = folder / f"{seed}.png"
            synthetic_film(film, seed)
            archive.write(film, f"{'pneumonia' if seed % 2 else 'normal'}/{seed:02d}.png")
        archive.writestr("normal/broken.png", b"not a film")
    return path
