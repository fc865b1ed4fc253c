"""The whole way on real films: scored by both classifiers, one cut-off chosen, reported, used by Predict, compared."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.steps import READY_MS, choose, download, link, wait_for_picture

from .test_compare import MODELS, wait_for_answer
from .test_sweep import TABLE, bring, cards, wait_for_instrument, wait_for_table

SCORED_MS = 20 * READY_MS


@pytest.mark.realdata
@pytest.mark.seeds(9, 39, 52, 53)
def test_real_films_go_through_both_classifiers_and_both_pages(
    server: Server, page: Page, shared_data: Path, tmp_path: Path
) -> None:
    """Labelled films from a zip: what the pages promise is kept on what they are for."""
    _score_both(server, page, _some_films(shared_data, tmp_path / "films.zip", of_each=10))

    _move_by_hand(page)
    _look_behind_the_counts(page)
    saved = _choose_lock_and_save(page)
    _open_the_report(page)
    _ask_predict(page, saved)
    _compare(page)


def _score_both(server: Server, page: Page, films: Path) -> None:
    """Both classifiers of the shelf; the page is loaded again in mid-run."""
    bring(page, server, films)
    expect(page.get_by_role("button", name=re.compile("^Score 20"))).to_be_visible(timeout=READY_MS)
    page.locator(".st-key-scoring").get_by_role("combobox", name="Models").click()
    page.get_by_role("option", name=re.compile("Chest")).first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Score 40")).click(timeout=READY_MS)
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=READY_MS)
    page.reload()
    expect(page.locator(".roc svg")).to_be_visible(timeout=SCORED_MS)
    wait_for_instrument(page)


def _move_by_hand(page: Page) -> None:
    """Dragged on one picture and clicked on another: the table below says the cut-off where it was let go."""
    box = page.locator(".rates svg .frame").bounding_box()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 50, steps=20)
    page.mouse.up()
    wait_for_table(page)
    dragged = link(page)["t"]
    frame = page.locator(".roc svg .frame").bounding_box()
    page.mouse.click(frame["x"] + 0.1 * frame["width"], frame["y"] + 0.1 * frame["height"])
    wait_for_table(page)
    assert link(page)["t"] != dragged


def _look_behind_the_counts(page: Page) -> None:
    """Thumbnails with heat maps behind a count, and the cases whose call the last move changed."""
    page.get_by_role("button", name="found").first.click()
    expect(page.locator(".rr-picture img").first).to_be_visible(timeout=SCORED_MS)
    assert page.locator(".rr-picture img").first.evaluate("e => e.naturalWidth > 0")
    counts = cards(page)
    page.get_by_role("slider", name="Cut-off").press("Shift+ArrowRight")
    page.get_by_role("radio", name="changed by the last move").or_(
        page.get_by_role("button", name="changed by the last move")
    ).click()
    expect(page.get_by_text(re.compile(r"\d+ cases? changed"))).to_be_visible(timeout=SCORED_MS)
    changed = abs(counts["found"] - cards(page)["found"]) + abs(counts["false alarms"] - cards(page)["false alarms"])
    expect(page.get_by_text(re.compile(rf"\b{changed} cases? changed"))).to_be_visible(timeout=SCORED_MS)


def _choose_lock_and_save(page: Page) -> str:
    """By a rule, locked, and saved for the model; the threshold in full."""
    page.get_by_text("At this cut-off", exact=True).click()
    choose(page, "Go to", "Largest Youden J")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_text("corrected for that")).to_be_visible(timeout=READY_MS)
    wait_for_table(page)
    page.get_by_role("button", name="Lock as pre-specified").click()
    expect(page.get_by_text("locked, and reported on the cases that chose it")).to_be_visible(timeout=READY_MS)
    page.get_by_role("button", name="Use this threshold").click()
    expect(page.get_by_text("Predict uses it.")).to_be_visible(timeout=READY_MS)
    return link(page)["t"]


def _open_the_report(page: Page) -> None:
    """Its numbers are the page's."""
    counts, cells = cards(page), page.locator(f"{TABLE} td").all_inner_texts()
    with zipfile.ZipFile(download(page, "Report (.zip)")) as archive:
        point = json.loads(archive.read("settings.json"))["operating_point"]
        report = archive.read("report.html").decode()
    assert [point[name] for name in ("tp", "fn", "fp", "tn")] == list(counts.values())
    assert repr(point["threshold"]) == link(page)["t"]
    for name in ("Sensitivity", "Specificity"):
        row = cells[cells.index(name) : cells.index(name) + 4]
        assert "".join(f"<td>{cell}</td>" for cell in row) in report


def _ask_predict(page: Page, saved: str) -> None:
    """One of the films on Predict, at the cut-off that was saved."""
    page.get_by_text("Cases", exact=True).click()
    page.get_by_role("button", name="found").first.click()
    page.locator("[class*='st-key-open-'] button").first.click(timeout=SCORED_MS)
    wait_for_picture(page, "case-01")
    page.get_by_role("button", name=re.compile("^Run ")).first.click()
    expect(page.get_by_text("At this threshold, in cohort-01")).to_be_visible(timeout=SCORED_MS)
    page.get_by_text("How this was made").click()
    expect(page.get_by_text(f"{saved}, Youden, cohort-01").first).to_be_visible()


def _compare(page: Page) -> None:
    """Both models on the same films, with sizes, times and a plain sentence."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile("comparison")).click()
    wait_for_answer(page)
    table = page.locator(MODELS).inner_text()
    assert "MiB" in table
    assert " ms" in table
    assert page.get_by_text("less chest_").first.is_visible()


def _some_films(shared_data: Path, path: Path, of_each: int) -> Path:
    """The first films of each class of the authors' own test set."""
    with (
        zipfile.ZipFile(shared_data / "xray" / "paediatric_official_test.zip") as films,
        zipfile.ZipFile(path, "w") as out,
    ):
        for kind in ("NORMAL", "PNEUMONIA"):
            for name in sorted(name for name in films.namelist() if f"/{kind}/" in name)[:of_each]:
                out.writestr(name.partition("/")[2], films.read(name))
    return path
