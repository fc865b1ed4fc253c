"""The model comparison in a real browser: curves on one another, a plain sentence, the same numbers in the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, SMALL, Server
from tests.browser.steps import FILES, READY_MS, choose, download, open_page, violations
from tests.browser.threshold_harness.cohorts import write_csv

NewPage = Callable[..., Page]
MODELS = '[role=region][aria-label="Models"]'


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 cases of two models: enough positives for a promise of 95 %."""
    return write_csv(tmp_path_factory.mktemp("scores") / "scores.csv", cases=500)


def bring(page: Page, server: Server, path: Path) -> None:
    """Open the page, drop a test set on it, and wait for the answer and its pictures."""
    open_page(page, f"{server.url}/compare")
    page.locator(FILES).set_input_files(str(path))
    wait_for_answer(page)


def wait_for_answer(page: Page) -> None:
    expect(page.get_by_role("button", name="comparison.csv")).to_be_visible(timeout=2 * READY_MS)
    expect(page.locator(".js-plotly-plot .scatterlayer").first).to_be_attached(timeout=READY_MS)


@pytest.mark.seeds(39, 51, 53)
def test_two_models_on_the_same_cases_are_told_apart_in_words_and_files(
    tiny_server: Server, page: Page, scores: Path
) -> None:
    """Screen, CSV and JSON say one thing; the sentence carries interval, p and Holm, and names no winner unasked."""
    bring(page, tiny_server, scores)

    row = page.locator(f"{MODELS} tbody tr").first.locator("td").all_inner_texts()
    document = json.loads(download(page, "comparison.json").read_bytes())
    table = list(csv.reader(io.StringIO(download(page, "comparison.csv").read_text("utf-8"))))
    first = document["models"][0]
    assert table[1][: len(row)] == row
    assert row[1] == f"{first['auc']['value']:.3f} ({first['auc']['lo']:.3f}–{first['auc']['hi']:.3f})"
    assert row[5] == f"{first['sensitivity']['k']} of {first['sensitivity']['n']}"
    pair = next(pair for pair in document["pairs"] if pair["primary"])
    said = page.get_by_text("net_a less net_b: AUC")
    expect(said).to_contain_text(f"{pair['difference']['value']:+.3f}")
    expect(said).to_contain_text("after Holm")
    assert "models=net_a&models=net_b" in page.url

    page.reload()
    wait_for_answer(page)
    assert page.locator(f"{MODELS} tbody tr").first.locator("td").all_inner_texts() == row


def test_a_margin_brings_its_reference_and_a_verdict(tiny_server: Server, page: Page, scores: Path) -> None:
    """Non-inferior by how much, and to whom, is asked and answered; nothing is assumed."""
    bring(page, tiny_server, scores)
    assert page.get_by_role("combobox", name="Reference").count() == 0

    margin = page.get_by_role("spinbutton", name="Margin")
    margin.fill("0.05")
    margin.press("Enter")

    expect(page.get_by_text("to the reference net_b by a margin of 0.05")).to_be_visible(timeout=2 * READY_MS)


def test_where_they_disagree_is_what_the_test_counts(tiny_server: Server, page: Page, scores: Path) -> None:
    """The list below and the discordant pairs of the accuracy test are the same cases."""
    bring(page, tiny_server, scores)
    choose(page, "Each model's cut-off by", "largest Youden J")
    wait_for_answer(page)
    expect(page.get_by_text("cases where exactly one is right")).to_be_visible(timeout=2 * READY_MS)

    document = json.loads(download(page, "comparison.json").read_bytes())
    pair = next(pair for pair in document["pairs"] if pair["metric"] == "accuracy")

    expect(page.get_by_text(f"net_a in {pair['only_a_right']}, net_b in {pair['only_b_right']}.")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440", "1024"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_clean_to_axe(
    tiny_server: Server, new_page: NewPage, scores: Path, scheme: str, size: dict[str, int]
) -> None:
    """Both themes, both sizes, and nothing wider than the window."""
    page = new_page(viewport=size, color_scheme=scheme)
    bring(page, tiny_server, scores)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
