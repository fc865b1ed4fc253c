"""The app in a real browser: how soon its server is healthy, and a film from its upload to its overlay.

Each film is brought by somebody new to a server that has answered before: everything but the person's own time between
two clicks counts. Once in a tab that has shown the app before, once in browsers that never saw it.
"""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measure import Quiet, Watch
from benchmarks.subjects import FILM_PX
from core.studies.synthetic import synthetic_film
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESK, REPOSITORY, running
from tests.browser.steps import FILES, READY_MS, open_page

APP = REPOSITORY / "streamlit_app.py"
STARTS = 3
FILMS = 5
LEARNING = 3
"""Films until the tab has kept what it compiled of the scripts."""
# Asked at each frame, so nothing here may make the browser lay the page out.
LISTED = "() => document.querySelector('[data-testid=stSidebar]').textContent.includes('1 case here')"
PICTURE = (
    "() => performance.getEntriesByName('readroom:first-picture').length > 0"
    " && [...document.querySelectorAll('button')].some(b => b.textContent.startsWith('Run '))"
)
OVERLAY = "() => performance.getEntriesByName('readroom:first-overlay').length > 0"


Steps = dict[str, list[float]]


@dataclass
class FilmPage:
    """Seconds until the server is healthy, and of each step of each film, in a warm tab and in new browsers."""

    healthy_s: list[float]
    warm_s: Steps
    new_s: Steps
    quiet: Quiet

    def lines(self) -> list[str]:
        """For the screen."""
        width, height = FILM_PX
        return [
            f"| in the browser, film of {width} x {height} | median | worst |",
            "|---|---|---|",
            _row(f"server healthy after its start, {len(self.healthy_s)} times (asked: 2 s)", self.healthy_s),
            *(_row(name, spent) for name, spent in self.warm_s.items()),
            _row(f"from upload to overlay, {FILMS} films, warm (asked: 1 s)", _whole(self.warm_s)),
            _row("the same in a browser that never saw the app", _whole(self.new_s)),
            f"| machine | {self.quiet.words()} | |",
        ]


def _whole(steps: Steps) -> list[float]:
    return [sum(one) for one in zip(*steps.values(), strict=True)]


def _row(what: str, seconds: list[float]) -> str:
    return f"| {what} | {statistics.median(seconds):.2f} s | {max(seconds):.2f} s |"


def measure(folder: Path) -> FilmPage:
    """Starts one after the other, then films in a server that stays."""
    with Watch() as watch:
        healthy = [_healthy_s(folder / f"start-{number}") for number in range(STARTS)]
        with running(APP, folder / "films") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            films = [_drawn(folder, seed) for seed in range(LEARNING + FILMS)]
            tab = browser.new_context(viewport=DESK).new_page()
            warm = [_film(tab, server.url, film) for film in films][LEARNING:]
            tab.context.close()
            new = [_in_a_new_browser(browser, server.url, film) for film in films[LEARNING:]]
            browser.close()
    return FilmPage(healthy, _by_step(warm), _by_step(new), watch.quiet)


def _in_a_new_browser(browser: Browser, url: str, film: Path) -> dict[str, float]:
    context = browser.new_context(viewport=DESK)
    steps = _film(context.new_page(), url, film)
    context.close()
    return steps


def _by_step(films: list[dict[str, float]]) -> Steps:
    return {name: [one[name] for one in films] for name in films[0]}


def _healthy_s(folder: Path) -> float:
    started = time.perf_counter()
    with running(APP, folder):
        return time.perf_counter() - started


def _drawn(folder: Path, seed: int) -> Path:
    path = folder / f"film-{seed}.png"
    synthetic_film(path, seed)
    with Image.open(path) as drawn:
        drawn.resize(FILM_PX, Image.Resampling.BICUBIC).save(path.with_suffix(".jpeg"), quality=90)
    return path.with_suffix(".jpeg")


def _film(page: Page, url: str, film: Path) -> dict[str, float]:
    """Bring a film, go to Predict, run the model that stands there, and wait for the heat map on the picture.

    Looked for at each frame: Playwright's own waiting looks half a second apart after the first, and its `expect`
    describes the whole page to be ready for a failure.
    """
    page.context.clear_cookies()  # somebody without cases
    page.set_default_timeout(READY_MS)
    open_page(page, url)
    files = page.locator(FILES)
    files.wait_for(state="attached")
    times = [time.perf_counter()]
    files.set_input_files(film)
    page.wait_for_function(LISTED)
    times.append(time.perf_counter())
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Predict").click()
    page.wait_for_function(PICTURE)
    times.append(time.perf_counter())
    page.get_by_role("button", name=re.compile("^Run ")).click()
    page.wait_for_function(OVERLAY)
    times.append(time.perf_counter())
    names = ("file given to case listed", "Predict chosen to picture", "Run pressed to overlay")
    return dict(zip(names, (b - a for a, b in pairwise(times)), strict=True))
