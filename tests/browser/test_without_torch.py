"""The page where torch, torchvision and MONAI cannot be imported, as in the light installation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.steps import READY_MS, choose, open_page, result, to_predict, wait_for_picture

REFUSE = """
import sys


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "monai"):
            raise ModuleNotFoundError(name, name=name)


sys.meta_path.insert(0, Refuse())
"""
"""Read by Python at its start; the server's own processes inherit it."""

FILM, SWIN = "Chest quick", "FLAIR glioma SwinUNETR"


def test_a_page_predicts_and_explains_without_torch_and_says_what_needs_it(
    serve: Callable[..., Server], page: Page, tmp_path: Path
) -> None:
    """SEEDS 38: from sample to overlay; a model that nobody converted is refused in words, and nothing is lost."""
    (tmp_path / "sitecustomize.py").write_text(REFUSE)
    places = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    server = serve(PYTHONPATH=places)
    open_page(page, server.url)
    page.locator(".st-key-sample-films button").click()
    expect(page.get_by_test_id("stSidebar").get_by_text("7 cases here")).to_be_visible(timeout=READY_MS)

    to_predict(page)
    wait_for_picture(page, "case-01")
    choose(page, "Model", FILM)
    expect(page.get_by_test_id("stSidebar").get_by_text("CPU, OpenVINO")).to_be_visible(timeout=READY_MS)
    page.get_by_role("button", name=f"Run {FILM}").click()
    expect(result(page)).to_be_visible(timeout=READY_MS)
    expect(page.locator(".stage[data-drawn*=heat]")).to_be_visible(timeout=READY_MS)

    page.goto(f"{server.url}/upload")
    page.locator(".st-key-sample-flair button").click()
    expect(page.get_by_test_id("stSidebar").get_by_text("9 cases here")).to_be_visible(timeout=READY_MS)
    to_predict(page)
    choose(page, "Case", "case-08")
    wait_for_picture(page, "case-08")
    choose(page, "Model", SWIN)
    page.get_by_role("button", name=f"Run {SWIN}").click()
    expect(page.get_by_text("which is not installed")).to_be_visible(timeout=READY_MS)
