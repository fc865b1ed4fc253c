"""Several browsers at once on one server. `READROOM_LOAD_OWNERS=20` makes it the crowd of the promise, by hand."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from core.models.catalog import get_model
from core.settings import settings
from core.studies import read_study
from core.studies.synthetic import synthetic_film
from core.workflows.predict import predict
from tests.browser.conftest import Server
from tests.browser.steps import READY_MS, download, open_page, result, to_predict, upload
from tests.pages.tiny_shelf import CHEST

BROWSERS = int(os.environ.get("READROOM_LOAD_OWNERS", "4"))
PATIENCE_MS = READY_MS + 10_000 * BROWSERS
MOST_MIB = 3000
"""What the server may hold, its decoders too, whatever the number of browsers."""


class _Memory(threading.Thread):
    """The largest resident memory of a server with its workers, MiB, until it is stopped."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.process, self.most, self.over = psutil.Process(server.process.pid), 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            held = 0
            for one in (self.process, *self.process.children(recursive=True)):
                try:
                    held += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.most = max(self.most, held / 2**20)


def test_every_browser_of_a_crowd_gets_its_own_right_answer(
    tiny_server: Server,
    shelf_folder: Path,
    new_page: Callable[..., Page],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """SAFETY 11: all upload and press Run before the first answer is waited for."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf_folder))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    settings.cache_clear()
    films = [tmp_path / f"{seed}.png" for seed in range(BROWSERS)]
    for seed, film in enumerate(films):
        synthetic_film(film, seed)
    right = [predict(read_study([film]), get_model(CHEST)) for film in films]
    memory = _Memory(tiny_server)
    memory.start()
    began = time.monotonic()
    pages = [new_page() for _ in films]
    for page, film in zip(pages, films, strict=True):
        page.set_default_timeout(PATIENCE_MS)
        open_page(page, tiny_server.url)
        upload(page, film, cases=1)
        to_predict(page)
    ready = time.monotonic()

    for page in pages:
        page.get_by_role("button", name=re.compile("^Run ")).first.click()
    for page in pages:
        expect(result(page)).to_be_visible(timeout=PATIENCE_MS)
    answered = time.monotonic()

    reports = [_report(page) for page in pages]
    memory.over.set()
    memory.join()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{BROWSERS} browsers: {ready - began:.0f} s to open, upload and look; all answers "
            f"{answered - ready:.1f} s after the first press; the server held {memory.most:.0f} MiB at most\n"
        )
    # The tiny model's scores differ in the tenth digit only, so the picture's hash tells whose answer it is.
    assert [report["input"]["sha256"] for report in reports] == [answer.input_sha256 for answer in right]
    assert [report["scores"] for report in reports] == [dict(answer.scores) for answer in right]
    assert 0 < memory.most < MOST_MIB


def _report(page: Page) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(download(page, "Report (.json)").read_text())
    return report
