"""The threshold sweep in a real browser: one cut-off from the curve to the table, the file, the link and Predict."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, SMALL, Server
from tests.browser.steps import FILES, READY_MS, choose, download, link, open_page, violations, wait_for_picture
from tests.browser.threshold_harness.cohorts import write_csv

NewPage = Callable[..., Page]
TABLE = '[aria-label="At this cut-off"]'


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 cases of two models."""
    return write_csv(tmp_path_factory.mktemp("scores") / "scores.csv", cases=600)


def bring(page: Page, server: Server, path: Path) -> None:
    """Open the page and drop a test set on it."""
    open_page(page, f"{server.url}/sweep")
    page.locator(FILES).set_input_files(str(path))


def wait_for_instrument(page: Page) -> None:
    expect(page.locator(".roc svg")).to_be_visible(timeout=READY_MS)
    expect(page.locator(TABLE)).to_be_visible(timeout=READY_MS)


def shown_cutoff(page: Page) -> str:
    return page.locator("output[for=cutoff]").inner_text()


def wait_for_table(page: Page) -> None:
    """Wait until the table below says the cut-off that the instrument shows; both may still be moving."""
    head, end = page.locator(f"{TABLE} th").first, time.monotonic() + READY_MS / 1000
    while (told := head.inner_text()) != (shown := f"At cut-off {shown_cutoff(page)}"):
        assert time.monotonic() < end, f"{told!r}, not {shown!r}"
        page.wait_for_timeout(100)


def cards(page: Page) -> dict[str, int]:
    texts = [card.inner_text().split("\n") for card in page.locator("button.card").all()]
    return {name: int(number.replace(",", "")) for number, name, _ in texts}


@pytest.mark.seeds(6, 39, 51)
def test_one_cutoff_from_curve_to_table_to_file_to_link(tiny_server: Server, page: Page, scores: Path) -> None:
    """Moved on the curve, let go: cards, table, CSV, JSON and address say the same four counts."""
    bring(page, tiny_server, scores)
    wait_for_instrument(page)
    frame = page.locator(".roc svg .frame").bounding_box()
    page.mouse.click(frame["x"] + 0.3 * frame["width"], frame["y"] + 0.2 * frame["height"])
    wait_for_table(page)
    counts, threshold = cards(page), link(page)["t"]

    rows = list(csv.DictReader(io.StringIO(download(page, "sweep.csv").read_text("utf-8"))))
    row = next(row for row in rows if row["threshold"] == threshold)
    assert [int(row[name]) for name in ("tp", "fn", "fp", "tn")] == [
        counts["found"], counts["missed"], counts["false alarms"], counts["rightly clear"],
    ]  # fmt: skip
    cells = page.locator(f"{TABLE} td").all_inner_texts()
    positives = counts["found"] + counts["missed"]
    assert cells[cells.index("Sensitivity") + 1] == f"{counts['found']} of {positives}"
    assert cells[cells.index("Sensitivity") + 2] == f"{100 * float(row['sensitivity']):.1f} %"
    document = json.loads(download(page, "sweep.json").read_bytes())
    point = document["operating_points"][0]
    assert repr(point["threshold"]) == threshold
    assert [point[name] for name in ("tp", "fn", "fp", "tn")] == [int(row[n]) for n in ("tp", "fn", "fp", "tn")]
    saved = json.loads(download(page, "operating-point.json").read_bytes())
    assert threshold in json.dumps(saved)

    with zipfile.ZipFile(download(page, "Report (.zip)")) as archive:
        reported = json.loads(archive.read("settings.json"))["operating_point"]
        report = archive.read("report.html").decode()
    assert repr(reported["threshold"]) == threshold
    assert [reported[name] for name in ("tp", "fn", "fp", "tn")] == [int(row[n]) for n in ("tp", "fn", "fp", "tn")]
    place = cells.index("Sensitivity")
    assert "".join(f"<td>{cell}</td>" for cell in cells[place : place + 4]) in report

    page.reload()
    wait_for_instrument(page)
    assert link(page)["t"] == threshold
    assert cards(page) == counts


def test_a_drag_is_silent_and_a_release_is_light(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """5,000 cases: nothing goes to the server while the hand moves, and what comes back is no new table."""
    told: list[int] = []
    heard: list[int] = []

    def listen(socket: object) -> None:
        socket.on("framesent", lambda data: told.append(len(data)))
        socket.on("framereceived", lambda data: heard.append(len(data)))

    page.on("websocket", listen)
    bring(page, tiny_server, write_csv(tmp_path / "scores.csv", cases=5_000))
    wait_for_instrument(page)
    page.wait_for_timeout(1_000)
    box = page.locator(".rates svg .frame").bounding_box()
    told.clear()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(box["x"] + 50 + step, box["y"] + 50)
    assert told == []
    heard.clear()
    page.mouse.up()
    wait_for_table(page)

    assert sum(heard) < 20_000


def test_rules_lock_and_second_set(tiny_server: Server, page: Page, scores: Path, tmp_path: Path) -> None:
    """Choose on one set by a rule, lock, judge on another: the badge knows the difference."""
    bring(page, tiny_server, scores)
    wait_for_instrument(page)
    choose(page, "Go to", "Largest Youden J")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_text("corrected for that")).to_be_visible(timeout=READY_MS)
    expect(page.get_by_text("chosen and reported on the same cases")).to_be_visible()
    wait_for_table(page)
    page.get_by_role("button", name="Lock as pre-specified").click()
    expect(page.get_by_text("locked, and reported on the cases that chose it")).to_be_visible(timeout=READY_MS)
    locked = link(page)["t"]

    page.get_by_role("button", name="Add").click()
    other = write_csv(tmp_path / "scores.csv", cases=500, seed=21)
    page.locator(FILES).set_input_files(str(other))

    expect(page.get_by_text(re.compile("pre-specified on cohort-"))).to_be_visible(timeout=READY_MS)
    assert link(page)["t"] == locked


def test_the_counts_open_their_cases_and_a_move_its_flips(tiny_server: Server, page: Page, scores: Path) -> None:
    """Behind every count stand cases; behind every move, those that changed."""
    bring(page, tiny_server, scores)
    wait_for_instrument(page)
    counts = cards(page)

    page.get_by_role("button", name="missed").first.click()
    expect(page.get_by_text(f"{counts['missed']} missed, nearest")).to_be_visible(timeout=READY_MS)
    page.get_by_role("slider", name="Cut-off").press("Shift+ArrowRight")
    page.get_by_role("radio", name="changed by the last move").or_(
        page.get_by_role("button", name="changed by the last move")
    ).click()

    expect(page.get_by_text("10 cases changed")).to_be_visible(timeout=READY_MS)
    after = cards(page)
    lost = counts["found"] - after["found"]
    expect(page.get_by_text(re.compile(rf"{lost} more missed|{10 - lost} fewer false alarms"))).to_be_visible()


@pytest.mark.seeds(9, 52)
def test_images_are_scored_shown_and_their_cutoff_reaches_predict(serve, shelf_folder, page: Page, films: Path) -> None:
    """From a zip of labelled films to an operating point that Predict uses; a reload in mid-run loses nothing."""
    server = serve(READROOM_SHELF=str(shelf_folder))
    bring(page, server, films)
    page.get_by_role("button", name=re.compile("^Score ")).click(timeout=READY_MS)
    page.reload()
    wait_for_instrument(page)
    expect(page.get_by_text("1 left out for want of a score")).to_be_visible()
    page.get_by_role("button", name="false alarms").or_(page.get_by_role("button", name="found")).first.click()
    expect(page.locator(".rr-picture img").first).to_be_visible(timeout=READY_MS)
    assert page.locator(".rr-picture img").first.evaluate("e => e.naturalWidth > 0")

    page.get_by_role("slider", name="Cut-off").press("ArrowRight")
    page.get_by_text("At this cut-off", exact=True).click()
    wait_for_table(page)
    saved = link(page)["t"]
    page.get_by_role("button", name="Use this threshold").click()
    expect(page.get_by_text("Predict uses it.")).to_be_visible(timeout=READY_MS)

    page.get_by_text("Cases", exact=True).click()
    page.locator("[class*='st-key-open-'] button").first.click()
    wait_for_picture(page, "case-01")
    page.get_by_role("button", name=re.compile("^Run ")).first.click()
    expect(page.get_by_text("At this threshold, in cohort-01")).to_be_visible(timeout=READY_MS)
    page.get_by_text("How this was made").click()
    expect(page.get_by_text(f"{saved}, by hand, cohort-01").first).to_be_visible()


@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440", "1024"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_clean_to_axe(
    tiny_server: Server, new_page: NewPage, scores: Path, scheme: str, size: dict
) -> None:
    """Both themes, both sizes, and nothing wider than the window."""
    page = new_page(viewport=size, color_scheme=scheme)
    bring(page, tiny_server, scores)
    wait_for_instrument(page)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
