"""The Models page in a real browser: found by search, opened by link, promoted through the gate, and all of it text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, SMALL, Server
from tests.browser.steps import READY_MS, choose, link, open_page, violations
from tests.pages.tiny_shelf import CHEST, EVIL, HIPPOCAMPUS, make_evil, make_shelf

NewPage = Callable[..., Page]
LIST = '[role=region][aria-label="Models on the shelf"]'


def rows(page: Page) -> Locator:
    """The lines of the list."""
    return page.locator(f"{LIST} tbody tr")


def open_models(page: Page, server: Server, model: str = "") -> None:
    """Open the page, with a model in its address where one is named, and wait for the list."""
    open_page(page, f"{server.url}/models{f'?model={model}' if model else ''}")
    expect(rows(page).first).to_be_visible(timeout=READY_MS)


def show(page: Page, side: str) -> None:
    """Turn to one side of the open model."""
    page.get_by_role("radio", name=side, exact=True).click()
    expect(page.get_by_role("radio", name=side, exact=True)).to_be_checked(timeout=READY_MS)


@pytest.fixture
def own_server(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server whose registry is this test's alone."""
    return serve(READROOM_SHELF=str(make_shelf(tmp_path / "shelf")))


def test_a_model_is_searched_opened_and_shared_by_its_link(tiny_server: Server, page: Page, new_page: NewPage) -> None:
    """The way of every day: type, click, send the address to a colleague."""
    open_models(page, tiny_server)
    everything = rows(page).count()

    page.get_by_label("Search").fill("hippocampus wide")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1, timeout=READY_MS)
    page.get_by_role("link", name="tiny hippocampus wide").click()
    expect(page.get_by_text("tiny_hippocampus_wide_v1.0.0 · version 1.0.0")).to_be_visible(timeout=READY_MS)
    assert link(page)["model"] == "tiny_hippocampus_wide_v1.0.0"

    page.get_by_label("Search").fill("")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(everything, timeout=READY_MS)
    choose(page, "Task", "classification")
    expect(rows(page)).to_have_count(2, timeout=READY_MS)

    colleague = new_page()
    open_page(colleague, page.url)
    expect(colleague.get_by_text("tiny_hippocampus_wide_v1.0.0 · version 1.0.0")).to_be_visible(timeout=READY_MS)
    expect(colleague.locator(f"{LIST} tr.chosen")).to_contain_text("tiny hippocampus wide")


def test_the_list_is_ordered_by_a_column_and_back(tiny_server: Server, page: Page) -> None:
    """The smallest first, then the largest; a screen reader is told which."""
    open_models(page, tiny_server)
    sizes = page.locator(f"{LIST} td.of-size")

    page.get_by_role("button", name="Size").click()
    rising = [float(text.split()[0]) for text in sizes.all_inner_texts()]
    expect(page.locator(f"{LIST} th.of-size")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name=re.compile("^Size")).click()
    falling = [float(text.split()[0]) for text in sizes.all_inner_texts()]

    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


@pytest.mark.seeds(24)
def test_a_promotion_is_refused_then_accepted_and_stays_after_a_reload(own_server: Server, page: Page) -> None:
    """The gate's reasons are on screen, the refusal names them, and history is what happened."""
    open_models(page, own_server, CHEST)
    show(page, "Stage and history")
    page.get_by_label("Reason").first.fill("first tiny model")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text(f"{CHEST} is registered.")).to_be_visible(timeout=READY_MS)

    choose(page, "Move to", "Production")
    gate = page.locator('[role=region][aria-label="What Production asks for"]')
    expect(gate).to_contain_text("Nobody is named who reviewed it.", timeout=READY_MS)
    page.get_by_label("Reason").first.fill("straight on")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("alert").get_by_text("cannot go to Production")).to_be_visible(timeout=READY_MS)

    choose(page, "Move to", "Testing")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_text(f"{CHEST} is in Testing now.")).to_be_visible(timeout=READY_MS)
    page.reload()
    expect(page.locator(f"{LIST} tr.chosen .of-stage")).to_have_text("Testing", timeout=READY_MS)
    show(page, "Stage and history")
    told = page.locator('[role=region][aria-label="History"]')
    expect(told).to_contain_text("Development to Testing", timeout=READY_MS)
    expect(told).to_contain_text("straight on")


def test_foreign_names_and_cards_are_text(serve: Callable[..., Server], page: Page, tmp_path: Path) -> None:
    """A checkpoint from elsewhere says what it likes; here it is only read."""
    server = serve(READROOM_SHELF=str(make_evil(tmp_path / "shelf")))
    open_models(page, server, "evil_film_v1.0.0")

    expect(page.get_by_role("link", name=EVIL)).to_be_visible()
    show(page, "Configuration")
    show(page, "Card")
    card = page.locator('[role=region][aria-label="Card"]')
    expect(card).to_contain_text("![](http://evil.invalid/a.png)", timeout=READY_MS)
    expect(card).to_contain_text("[link](http://evil.invalid) <img src=x onerror='window.harm=1'>")
    assert page.evaluate("window.harm") is None
    assert page.locator('a[href*="evil.invalid"], img[src*=evil], img[src=x], .katex').count() == 0


@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440", "1024"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_clean_to_axe(tiny_server: Server, new_page: NewPage, scheme: str, size: dict[str, int]) -> None:
    """Both themes, both sizes, tables and forms, and nothing wider than the window."""
    page = new_page(viewport=size, color_scheme=scheme)
    open_models(page, tiny_server, HIPPOCAMPUS)
    found = violations(page)
    for side in ("Figures", "Stage and history"):
        show(page, side)
        found += violations(page)

    assert found == []
    expect(page.get_by_test_id("stSidebar").get_by_text("Research use only.")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
