"""A viewer on the bare page, and hands and eyes for it: keys, clicks at voxels, pixels read back."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.browser.viewer_harness.pictures import Case
from tests.browser.viewer_harness.static import component_data, static_server

WIDTH = 742
"""What the picture column of the predict page leaves to the viewer at 1440 px."""

AXES = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}
MARGIN = 26


@dataclass
class Viewer:
    """The viewer in a page, with every request that the page makes."""

    page: Page
    url: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    case: Case | None = None

    def show(self, case: Case, /, **changes: Any) -> None:
        """Give the component a case, as Python would, and wait until all of it is drawn."""
        self.case = case
        picture = {**case.picture(), **changes}
        self.give(picture)
        layers = " ".join(layer for layer in ("image", "labels", "heat") if picture[f"{layer}_url"])
        self.page.wait_for_selector(f".stage[data-state=ready][data-drawn='{layers}']")
        self.settle()

    def give(self, picture: Mapping[str, Any]) -> None:
        """Give the component data and do not wait."""
        self.page.evaluate("data => show(JSON.parse(data))", component_data(picture))

    def settle(self) -> None:
        """Until the next frame has been drawn."""
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def press(self, *keys: str) -> None:
        """Keys with the focus on the viewer."""
        for key in keys:
            self.page.locator(".stage").press(key)
        self.settle()

    def click(self, name: str) -> None:
        """A control by its words."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def text(self, part: str) -> str:
        """Words of the strip: facts, point, side or keys."""
        return self.page.locator(f".strip .{part}").inner_text()

    def sent(self) -> list[list[Any]]:
        """What Python was told."""
        return self.page.evaluate("sent")

    def pixels(self) -> np.ndarray:
        """The canvas, (rows, columns, 3)."""
        self.settle()
        data = self.page.evaluate("document.querySelector('canvas').toDataURL()")
        image = Image.open(io.BytesIO(base64.b64decode(data.split(",")[1])))
        return np.asarray(image.convert("RGB"))

    def pane(self, name: str) -> dict[str, Any]:
        """A pane's rectangle in css pixels."""
        panes = json.loads(self.page.locator(".stage").get_attribute("data-panes") or "[]")
        return next(pane for pane in panes if pane["name"] == name)

    def centres(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Canvas places of a plane's pixels at zoom 1: x of each column, y of each row."""
        assert self.case is not None
        meta, pane = self.case.meta, self.pane(name)
        across, down = AXES.get(name, (0, 1))
        margin = 0 if name == "film" else 2 * MARGIN
        spacing = meta["spacing_mm"] or [1.0] * len(meta["dims"])
        counts, mm = (meta["dims"][across], meta["dims"][down]), (spacing[across], spacing[down])
        scale = min((pane[side] - margin) / (n * s) for side, n, s in zip(("width", "height"), counts, mm, strict=True))
        x, y = (
            pane[start] + pane[side] / 2 + (np.arange(n) + 0.5 - n / 2) * s * scale
            for start, side, n, s in zip(("x", "y"), ("width", "height"), counts, mm, strict=True)
        )
        return x, y

    def place(self, name: str, index: tuple[int, ...]) -> tuple[float, float]:
        """Where on the page a picture index is seen in a pane at zoom 1."""
        assert self.case is not None
        x, y = self.centres(name)
        u, v = (index[axis] for axis in AXES.get(name, (0, 1)))
        if name != "film":
            u, v = len(x) - 1 - u, len(y) - 1 - v
        box = self.page.locator("canvas").bounding_box()
        assert box is not None
        return box["x"] + x[u], box["y"] + y[v]

    def point(self, name: str, index: tuple[int, ...]) -> None:
        """Click where a picture index is seen."""
        self.page.mouse.click(*self.place(name, index))
        self.settle()


@contextmanager
def viewer_for(page: Page, *cases: Case, encoded: bool = False, width: int = WIDTH) -> Iterator[Viewer]:
    """The bare page with the files of these cases behind it."""
    files = {(case.name, kind): data for case in cases for kind, data in case.files.items()}
    with static_server(files, encoded) as url:
        viewer = Viewer(page, url)
        page.on("request", lambda request: viewer.requests.append(request.url.removeprefix(url)))
        page.on("pageerror", lambda error: viewer.errors.append(str(error)))
        page.goto(url)
        page.wait_for_function("window.loaded")
        page.evaluate(f"document.querySelector('main').style.width = '{width}px'")
        yield viewer
        page.goto("about:blank")  # before the server goes, so that nothing is asked of a closed port
        assert not viewer.errors, viewer.errors
