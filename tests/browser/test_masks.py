"""Segmentations in a real browser: a cut-off that moves everything without the server, and two models compared."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from playwright.sync_api import Page, WebSocket, expect

from core.studies.synthetic import synthetic_volume
from tests.browser.conftest import Server
from tests.browser.steps import FILES, READY_MS, download, open_page, violations

CARD = ".masks .card:first-child b"


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small volumes with masks of two labels."""
    folder = tmp_path_factory.mktemp("volumes")
    path = folder / "volumes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for seed in range(3):
            image, drawn = folder / f"{seed}.nii.gz", folder / f"mask-{seed}.nii.gz"
            synthetic_volume(image, seed)
            held = nibabel.load(image)
            mask = np.zeros(held.shape, np.uint8)
            mask[5:12, 8:20, 6:15], mask[12:18, 8:20, 6:15] = 1, 2
            nibabel.save(nibabel.Nifti1Image(mask, held.affine), drawn)
            archive.write(image, f"images/{seed}.nii.gz")
            archive.write(drawn, f"masks/{seed}.nii.gz")
    return path


def bring(page: Page, server: Server, path: Path, *, both: bool) -> None:
    """Drop the volumes on the sweep page and segment them by one model or by both."""
    open_page(page, f"{server.url}/sweep")
    page.locator(FILES).set_input_files(str(path))
    button = page.get_by_role("button", name=re.compile("^Score 3 images"))
    expect(button).to_be_visible(timeout=2 * READY_MS)
    if both:
        page.locator(".st-key-scoring").get_by_role("combobox", name="Models").click()
        page.get_by_role("option", name="tiny hippocampus wide").click()
        page.keyboard.press("Escape")
        button = page.get_by_role("button", name=re.compile("^Score 6 images"))
    button.click(timeout=READY_MS)


def measure(page: Page) -> None:
    page.get_by_role("button", name="Measure", exact=True).click(timeout=4 * READY_MS)


def test_the_cut_off_of_a_segmentation_moves_its_cards_without_the_server(
    tiny_server: Server, page: Page, volumes: Path
) -> None:
    """While it is dragged nothing is asked; let go, the list below is of that cut-off; a case opens with its mask."""
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    bring(page, tiny_server, volumes, both=False)
    measure(page)
    expect(page.locator(".of-dice svg")).to_be_visible(timeout=4 * READY_MS)
    page.get_by_text("Table of cases").click()
    table = page.locator('[aria-label="Cases at this cut-off"]')
    expect(table).to_be_visible(timeout=READY_MS)
    document = json.loads(download(page, "mask-sweep.json").read_bytes())
    slider = page.get_by_role("slider", name="Voxel cut-off")

    sent.clear()
    for cut in (3, 12, 17):
        slider.evaluate("(one, at) => { one.value = at; one.dispatchEvent(new Event('input')); }", cut)
        expect(page.locator(CARD)).to_have_text(f"{document['dice'][cut]['value']:.3f}")
    assert not sent

    slider.evaluate("one => one.dispatchEvent(new Event('change'))")
    expect(page.get_by_text("3 cases at the cut-off 0.90, worst Dice first.")).to_be_visible(timeout=READY_MS)
    worst = min(document["cases"], key=lambda case: (case["dice"][17], case["case_id"]))
    row = table.locator("tbody tr").first.locator("td").all_inner_texts()
    assert row[:2] == [worst["case_id"], f"{worst['dice'][17]:.3f}"]
    assert violations(page) == []

    page.locator(".st-key-mask-view").get_by_text("Cases", exact=True).click()
    page.locator("[class*=st-key-open-case] button").first.click(timeout=READY_MS)
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible(timeout=READY_MS)
    expect(page.locator('[role=region][aria-label="Volumes"]')).to_be_visible(timeout=4 * READY_MS)


def test_two_segmentations_are_told_apart_in_words_and_files(tiny_server: Server, page: Page, volumes: Path) -> None:
    """Screen, CSV and JSON say one thing; each volume's agreement is drawn; nothing is wider than the window."""
    bring(page, tiny_server, volumes, both=True)
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_visible(timeout=6 * READY_MS)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile("comparison")).click()
    measure(page)
    expect(page.get_by_role("button", name="comparison.csv")).to_be_visible(timeout=6 * READY_MS)

    row = page.locator('[aria-label="Models"] tbody tr').first.locator("td").all_inner_texts()
    document = json.loads(download(page, "comparison.json").read_bytes())
    table = list(csv.reader(io.StringIO(download(page, "comparison.csv").read_text("utf-8"))))
    assert row in table
    first = next(one for one in document["models"][0]["summaries"] if one["label"] == document["label"])
    assert row[1] == f"{first['dice']['mean']['value']:.3f}"
    pair = next(pair for pair in document["pairs"] if pair["primary"])
    said = page.get_by_text(f"{pair['a']} less {pair['b']}: mean Dice")
    expect(said).to_contain_text(f"{pair['difference']['value']:+.3f}")
    expect(page.get_by_text("Where they disagree most")).to_be_visible()
    expect(page.locator('[aria-label="Agreement of volumes"] tbody tr')).to_have_count(3)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
