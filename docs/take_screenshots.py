"""Take the pictures of the documentation: synthetic samples only, from a running app.

make run                                            # in one terminal
.venv/bin/python docs/take_screenshots.py http://localhost:8501
"""

from __future__ import annotations

import math
import random
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).resolve().parent
WAIT_MS = 120_000


def run_sample(page: Page, base: str, sample: str, picture: Path) -> None:
    """Bring one sample in, run the model that fits it, and take the picture of the result."""
    page.goto(base)
    page.get_by_role("button", name=re.compile(sample)).click()
    expect(page.get_by_text(re.compile(r"\b[1-9]\d* cases? here"))).to_be_visible(timeout=WAIT_MS)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile("Predict")).click()
    run, choose = (page.get_by_role("button", name=re.compile(word)).first for word in ("^Run ", "^Choose "))
    expect(run.or_(choose)).to_be_visible(timeout=WAIT_MS)
    if choose.is_visible():
        choose.click()
    run.click()
    expect(page.get_by_text("How this was made")).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(3000)  # the overlay's bytes arrive after the numbers
    page.screenshot(path=picture)
    page.get_by_role("button", name="Delete my images").click()


def made_up_scores(cases: int = 2_000) -> bytes:
    """A scores.csv of two models on cases that never were."""
    draw = random.Random(7)  # noqa: S311 - a picture, not a secret
    rows = ["case_id,label,net_one,net_two,slice_site"]
    for case in range(cases):
        ill = draw.random() < 0.18
        first = draw.gauss(-1.5 + 2.3 * ill, 1.2)
        second = 0.7 * first + draw.gauss(0, 0.9)
        scores = ",".join(repr(1 / (1 + math.exp(-score))) for score in (first, second))
        rows.append(f"c{case:05d},{int(ill)},{scores},{'north' if case % 2 else 'south'}")
    return "\n".join(rows).encode()


def run_statistics(page: Page, base: str, address: str, ready: str, picture: Path) -> None:
    """Bring the made-up scores in, and take the picture of a statistics page."""
    page.goto(f"{base}/{address}")
    file = page.locator("input[type=file]:not([webkitdirectory])")
    file.set_input_files({"name": "scores.csv", "mimeType": "text/csv", "buffer": made_up_scores()})
    expect(page.locator(ready).first).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(4000)
    page.screenshot(path=picture)
    page.get_by_role("button", name="Delete my images").click()


def run_shelf(page: Page, base: str, picture: Path) -> None:
    """Open one of our own models on the shelf, and take the picture of its operating points."""
    page.goto(f"{base}/models?model=chest_pneumonia_mobilenet_v3_large_v1.0.0")
    page.get_by_role("radio", name="Figures").click(timeout=WAIT_MS)
    expect(page.get_by_role("region", name="What they did")).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(2000)
    page.screenshot(path=picture)


def main(base: str) -> None:
    """All kinds of picture, at the size of a desk screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        for sample, name in (
            ("Sample hippocampus MRI", "predict-volume.png"),
            ("Sample X-rays", "predict-film.png"),
        ):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
            run_sample(page, base, sample, HERE / name)
            page.close()
        for address, ready, name in (
            ("sweep", ".roc svg", "threshold-sweep.png"),
            ("compare", ".js-plotly-plot .scatterlayer", "model-comparison.png"),
        ):
            page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark")
            run_statistics(page, base, address, ready, HERE / name)
            page.close()
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark")
        run_shelf(page, base, HERE / "models.png")
        page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
