"""Take the pictures of the documentation: synthetic samples only, from a running app.

make run                                            # in one terminal
.venv/bin/python docs/take_screenshots.py http://localhost:8501
"""

from __future__ import annotations

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
    page.get_by_role("button", name=sample).click()
    expect(page.get_by_text(re.compile(r"\b1 case here"))).to_be_visible(timeout=WAIT_MS)
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


def main(base: str) -> None:
    """Both kinds of picture, at the size of a desk screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        for sample, name in (("Sample MRI", "predict-volume.png"), ("Sample X-ray", "predict-film.png")):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
            run_sample(page, base, sample, HERE / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
