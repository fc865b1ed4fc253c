"""What a user does, in a few words: the steps that several browser tests share."""

from __future__ import annotations

import base64
import io
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from core.studies.study import Kind
from tests.phantoms import write_phantom

READY_MS = 30_000
"""Two shared cores and a cold model: patience, not a promise."""

FILES, FOLDER = "input[type=file]:not([webkitdirectory])", "input[type=file][webkitdirectory]"

OPENINGS, OPEN_MS = 4, 5_000

HARMLESS = re.compile(r"/[a-z]*/_stcore/(health|host-config)$|/favicon|_stcore/agent")
"""Deep links make Streamlit's page ask below the page's own address first; it then asks again in the right place."""


def open_page(page: Page, url: str) -> None:
    """Open an address and wait for its page."""
    page.goto(url)
    expect(page.locator("h1")).to_be_visible(timeout=READY_MS)


def settle(page: Page) -> None:
    """Wait until the page's run has ended: a button drawn by the one before asks for what is no longer there."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=2 * READY_MS)


def upload(page: Page, *paths: Path, cases: int) -> None:
    """Drop files on the first uploader and wait until the sidebar counts that many cases."""
    expect(page.locator(FILES)).to_have_count(1, timeout=READY_MS)  # the one before is hidden until its run has ended
    page.locator(FILES).set_input_files([str(path) for path in paths])
    wait_for_cases(page, cases)


def bring(page: Page, kind: Kind, *, cases: int) -> None:
    """Drop a phantom, where a test needs any film or volume, and wait until the sidebar counts that many cases."""
    with tempfile.TemporaryDirectory() as folder:
        upload(page, write_phantom(Path(folder), kind), cases=cases)


def wait_for_cases(page: Page, count: int) -> None:
    """Wait until the sidebar counts that many cases."""
    words = re.compile(rf"\b{count} cases? here")
    expect(page.get_by_test_id("stSidebar").get_by_text(words)).to_be_visible(timeout=READY_MS)


def to_predict(page: Page) -> None:
    """Go to the Predict page by its link."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile("Predict")).click()
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible(timeout=READY_MS)


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a dropdown; one that closed because the page was just drawn anew is opened again."""
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(OPENINGS):
        page.get_by_role("combobox", name=re.compile(label)).click()
        try:
            wanted.click(timeout=OPEN_MS)
            break
        except TimeoutError:
            page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(page.get_by_role("combobox", name=re.compile(label))).to_have_value(option, timeout=READY_MS)


def run_model(page: Page, name: str) -> None:
    """Press Run and wait for the result."""
    page.get_by_role("button", name=f"Run {name}").click()
    expect(result(page)).to_be_visible(timeout=READY_MS)


def result(page: Page):
    """The result table beside the picture."""
    return page.locator('[role=region][aria-label="Scores"], [role=region][aria-label="Volumes"]').first


def wait_for_picture(page: Page, case: str) -> None:
    """Wait until the viewer has drawn a case."""
    expect(page.locator(".strip .facts")).to_contain_text(case, timeout=READY_MS)
    expect(page.locator(".stage[data-state=ready]")).to_be_visible(timeout=READY_MS)


def painted(page: Page) -> int:
    """How many pixels of the picture the overlay changes: with it, and without it by its key."""
    stage = page.get_by_role("application").first
    expect(page.locator(".stage[data-drawn*=labels], .stage[data-drawn*=heat]")).to_be_visible(timeout=READY_MS)
    stage.focus()
    with_overlay = _pixels(page)
    page.keyboard.press("h")
    bare = _pixels(page)
    page.keyboard.press("h")
    return int((with_overlay != bare).any(axis=-1).sum())


def _pixels(page: Page) -> np.ndarray:
    """The viewer's canvas (rows, columns, 3) after its next frame."""
    data = page.locator(".stage canvas").evaluate(
        "canvas => new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
        "() => done(canvas.toDataURL()))))"
    )
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")).astype(int)


def download(page: Page, name: str) -> Path:
    """Press a download button and wait for the file, under a name of the browser's."""
    settle(page)
    with page.expect_download() as held:
        page.get_by_role("button", name=name).click()
    return held.value.path()


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA on the page as it stands, as 'rule: element'."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]


def link(page: Page) -> dict[str, str]:
    """The parts of the page's address behind the question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
