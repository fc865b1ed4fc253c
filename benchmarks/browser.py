"""The app in a real browser: first picture and redraw of a head-sized volume, and memory over twenty studies.

The studies are put into an owner's folder beforehand, with labels that no network had to make: what is measured
is choosing a study and looking at it.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.measure import Quiet, Watch
from benchmarks.subjects import HEAD, volume_subject, write_volume
from core.inference.prediction import Prediction, Provenance
from core.models.model import Model
from core.settings import settings
from core.studies.study import Study
from core.workflows.open_study import open_study
from core.workflows.pictures import prepare, prepare_overlays
from core.workflows.run_prediction import key_of
from core.workspace import Workspace
from core.workspace.results import put_result
from pages._ui.door.owner_cookie import OWNER_COOKIE
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESK, REPOSITORY, running

STUDIES = 20
LOOKED_AT = 5
"""Studies timed; memory is read the first time after them, when caches are full."""

REDRAWS = 60
PATIENCE_MS = 120_000

PICTURE = "() => performance.getEntriesByName('readroom:first-picture').at(-1)?.startTime ?? -1"


@dataclass
class First:
    """Seconds from the click on a study until its picture, and its labels, are drawn; milliseconds of a redraw."""

    studies: int
    first_picture_s: list[float]
    first_overlay_s: list[float]
    in_viewer_s: list[float]
    redraw_ms: list[float]
    moved_bytes: int
    quiet: Quiet

    def lines(self) -> list[str]:
        """For the screen."""
        shape, redraws = "x".join(str(n) for n in HEAD), sorted(self.redraw_ms)
        slow = redraws[int(0.95 * (len(redraws) - 1))]
        return [
            f"| viewer, {shape} with labels | median | worst of {self.studies} |",
            "|---|---|---|",
            _spread("study chosen to first picture", self.first_picture_s),
            _spread("study chosen to labels drawn", self.first_overlay_s),
            _spread("of the first, in the viewer", self.in_viewer_s),
            f"| redraw of all three planes | {statistics.median(redraws):.1f} ms | 95 %: {slow:.1f} ms |",
            f"| picture bytes fetched by {REDRAWS} moves | {self.moved_bytes} | |",
            f"| machine | {self.quiet.words()} | |",
        ]


@dataclass
class Flat:
    """MiB after the first few studies and after all of them."""

    studies: int
    warm: int
    heap_mib: tuple[float, float]
    renderer_mib: tuple[float, float]
    server_mib: tuple[float, float]

    def lines(self) -> list[str]:
        """For the screen."""
        return [
            f"| memory, studies one after another | after {self.warm} | after {self.studies} |",
            "|---|---|---|",
            f"| browser, JavaScript heap | {self.heap_mib[0]:.0f} MiB | {self.heap_mib[1]:.0f} MiB |",
            f"| browser, renderer processes | {self.renderer_mib[0]:.0f} MiB | {self.renderer_mib[1]:.0f} MiB |",
            f"| server | {self.server_mib[0]:.0f} MiB | {self.server_mib[1]:.0f} MiB |",
        ]


def _spread(what: str, seconds: list[float]) -> str:
    return f"| {what} | {statistics.median(seconds):.2f} s | {max(seconds):.2f} s |"


def browser_is_there() -> bool:
    """Whether Chromium is installed."""
    return Path(CHROMIUM).exists()


def measure(folder: Path) -> tuple[First, Flat]:
    """Both measurements over one run of the app."""
    owner = secrets.token_urlsafe(32)
    model = _plant(folder, owner)
    with _app(folder, model) as (url, server), _chromium(url, owner) as (page, cdp):
        page.goto(f"{url}/predict?case=case-01&model={model.id}")
        _wait_for_new(page, -1)
        with Watch() as watch:
            chosen = [_next(page) for _ in range(LOOKED_AT)]
            redraws, moved = _redraws(page)
        before = _memory(cdp, server)
        for _ in range(STUDIES - 1 - LOOKED_AT):
            _next(page)
        after = _memory(cdp, server)
    first = First(LOOKED_AT, *(list(part) for part in zip(*chosen, strict=True)), redraws, moved, watch.quiet)
    pairs = [(before[name], after[name]) for name in ("heap", "renderer", "server")]
    return first, Flat(STUDIES, LOOKED_AT + 1, *pairs)


def _plant(folder: Path, owner: str) -> Model:
    """Twenty studies with results in the owner's folder, each with one voxel that no other has."""
    model = volume_subject(folder).model
    os.environ["READROOM_HOME"] = str(folder / "app" / "home")
    settings.cache_clear()
    workspace = Workspace(owner)
    write_volume(folder / "head.nii.gz", HEAD)
    study = open_study([folder / "head.nii.gz"])
    for number in range(STUDIES):
        one = _with_own_voxel(study, number)
        case = workspace.add_study(one)
        prepare(workspace, case.id, one)
        made, key = _labelled(one, model), key_of(case, model)
        prepare_overlays(workspace, case.id, one, made, key)
        put_result(workspace, case.id, key, made)
    return model


def _with_own_voxel(study: Study, number: int) -> Study:
    pixels = study.pixels.copy()
    pixels[0, 0, 0, number] = 1 + number
    return replace(study, pixels=pixels, report=replace(study.report, sha256=secrets.token_hex(32)))


def _labelled(study: Study, model: Model) -> Prediction:
    """A result with two balls as labels."""
    places = np.ogrid[tuple(slice(0, n) for n in study.shape)]
    label_map = np.zeros(study.shape, np.uint8)
    for value, share in ((1, 0.4), (2, 0.6)):
        distance = sum((axis - share * n) ** 2 for axis, n in zip(places, study.shape, strict=True))
        label_map[distance < (study.shape[2] / 5) ** 2] = value
    counts = {name: int((label_map == value).sum()) for value, name in enumerate(model.labels, start=1)}
    return Prediction(
        model_id=model.id,
        task="segmentation",
        input_sha256=study.sha256,
        weights_sha256=model.weights_sha256,
        scores={},
        label_map=label_map,
        labels=model.labels,
        voxels=counts,
        volumes_ml={name: count / 1000 for name, count in counts.items()},
        heat=None,
        heat_for=None,
        thresholds={},
        warnings=(),
        provenance=Provenance({}, "cpu", "float32", {}, {}),
    )


@contextmanager
def _app(folder: Path, model: Model) -> Iterator[tuple[str, psutil.Process]]:
    shelf = model.path.parent if model.path.parent.name == "shelf" else model.path.parent.parent
    with running(REPOSITORY / "streamlit_app.py", folder / "app", READROOM_SHELF=str(shelf)) as server:
        yield server.url, psutil.Process(server.process.pid)


@contextmanager
def _chromium(url: str, owner: str) -> Iterator[tuple[Page, CDPSession]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport=DESK)
        context.add_cookies([{"name": OWNER_COOKIE, "value": owner, "url": url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page, context.new_cdp_session(page)
        browser.close()


def _next(page: Page) -> tuple[float, float, float]:
    """Go to the next study; seconds until its picture, until its labels, and the picture's own part in the viewer."""
    last = page.evaluate(PICTURE)
    clicked = page.evaluate("performance.now()")
    page.get_by_role("button", name="Next case").click()
    _wait_for_new(page, last)
    ends = page.evaluate(
        "() => ['first-picture', 'first-overlay'].map(n => performance.getEntriesByName('readroom:' + n).at(-1))"
        ".map(e => [e.startTime + e.duration, e.duration])"
    )
    return (ends[0][0] - clicked) / 1000, (ends[1][0] - clicked) / 1000, ends[0][1] / 1000


def _wait_for_new(page: Page, last: float) -> None:
    """Wait for a picture newer than `last`, and for its labels."""
    page.wait_for_function(
        "last => { const of = n => performance.getEntriesByName('readroom:' + n).at(-1)?.startTime ?? -1;"
        " return of('first-picture') > last && of('first-overlay') > last; }",
        arg=last,
    )
    page.wait_for_timeout(300)


def _redraws(page: Page) -> tuple[list[float], int]:
    """Move through slices by key; milliseconds of each redraw, and the picture bytes that the moves fetched."""
    fetched: list[int] = []
    page.on("response", lambda r: fetched.append(len(r.body())) if "/pictures/" in r.url else None)
    page.locator(".stage canvas").first.click()
    page.evaluate("performance.clearMeasures('readroom:redraw')")
    for number in range(REDRAWS):
        page.keyboard.press("ArrowUp" if number % 20 < 10 else "ArrowDown")
        page.wait_for_timeout(20)
    durations: list[float] = page.evaluate("performance.getEntriesByName('readroom:redraw').map(e => e.duration)")
    return durations, sum(fetched)


def _memory(cdp: CDPSession, server: psutil.Process) -> dict[str, float]:
    """MiB in use, after the garbage is gone."""
    cdp.send("HeapProfiler.collectGarbage")
    time.sleep(1)
    heap: dict[str, Any] = cdp.send("Runtime.getHeapUsage")
    renderers = [p for p in psutil.Process().children(recursive=True) if _is_renderer(p)]
    mib = 2**20
    return {
        "heap": (heap["usedSize"] + heap.get("backingStorageSize", 0)) / mib,
        "renderer": sum(p.memory_info().rss for p in renderers) / mib,
        "server": server.memory_info().rss / mib,
    }


def _is_renderer(process: psutil.Process) -> bool:
    try:
        return "--type=renderer" in process.cmdline()
    except psutil.NoSuchProcess:
        return False
