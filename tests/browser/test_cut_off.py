"""On Predict one control moves everything: the mask of a volume, the verdict of a film; the server hears of the end."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import nibabel as nib
import numpy as np
from playwright.sync_api import Locator, Page, expect

from core.metrics.counts import count_at
from core.metrics.lesions import components
from core.studies.study import Kind
from tests.browser.conftest import Server
from tests.browser.steps import (
    FILES,
    READY_MS,
    bring,
    download,
    link,
    open_page,
    result,
    run_model,
    to_predict,
    violations,
    wait_for_picture,
)

CHEST, HIPPOCAMPUS = "tiny chest mobilenet", "tiny hippocampus"
REST_MS = 1500
"""A crosshair or a page that still had something to say has said it."""


def drag(page: Page, slider: Locator, share: float, told: list[str]) -> None:
    """Drag a slider to a share of its length; nothing may go to the server while the hand is on it."""
    page.wait_for_timeout(REST_MS)
    told.clear()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    for step in range(1, 31):
        page.mouse.move(box["x"] + box["width"] * (0.5 + (share - 0.5) * step / 30), y)
    page.wait_for_timeout(100)
    assert told == [], "something went to the server during the drag"
    page.mouse.up()


def listen(page: Page) -> list[str]:
    """What goes to the server over the websocket, from now on."""
    told: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: told.append(str(len(data)))))
    return told


def test_a_segmentations_cut_off_moves_mask_volume_and_regions(tiny_server: Server, page: Page) -> None:
    """The look goes into the address and comes back with a reload; what is taken home stays the result."""
    told = listen(page)
    open_page(page, tiny_server.url)
    bring(page, Kind.VOLUME, cases=1)
    to_predict(page)
    wait_for_picture(page, "case-01")
    run_model(page, HIPPOCAMPUS)
    regions, volume = page.locator(".cut .regions"), page.locator(".cut .volume")
    expect(regions).not_to_contain_text("…", timeout=READY_MS)
    taken = download(page, "Labels (.nii.gz)")
    image = nib.load(taken.rename(taken.with_suffix(".nii.gz")))
    mask = np.asarray(image.dataobj) > 0
    _, count = components(mask, 1.0)
    voxel_ml = abs(np.linalg.det(image.affine[:3, :3])) / 1000
    assert regions.inner_text().split()[0] == str(count)
    assert volume.inner_text() == f"{mask.sum() * voxel_ml:.2f} mL"
    table, at_rest = result(page).inner_text(), volume.inner_text()

    drag(page, page.locator("input[name=cut]"), 0.2, told)

    expect(page).to_have_url(re.compile(r"cut=0\.\d+"), timeout=READY_MS)
    shown = float(page.locator(".cut .at").inner_text())
    assert float(link(page)["cut"]) == shown < 0.4
    expect(page.locator(".cut .look")).to_contain_text("A look")
    assert volume.inner_text() != at_rest
    assert result(page).inner_text() == table
    moved = volume.inner_text()
    page.reload()
    wait_for_picture(page, "case-01")
    expect(volume).to_have_text(moved, timeout=READY_MS)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page).not_to_have_url(re.compile("cut="), timeout=READY_MS)
    expect(volume).to_have_text(at_rest)


def test_a_classifiers_cut_off_moves_verdict_expectation_and_promise(
    tiny_server: Server,
    page: Page,
    films: Path,
) -> None:
    """Counted on the test set that this model scored; the saved point's promise stands at the saved point alone."""
    told = listen(page)
    open_page(page, tiny_server.url)
    bring(page, Kind.FILM, cases=1)
    to_predict(page)
    wait_for_picture(page, "case-01")
    run_model(page, CHEST)
    expect(page.get_by_text("no test set here was scored with this model")).to_be_visible()
    page.get_by_role("link", name="Score a test set").click()
    page.locator(FILES).set_input_files(str(films))
    page.get_by_role("button", name="Score 25 images").click(timeout=READY_MS)
    expect(page.locator(".roc svg")).to_be_visible(timeout=4 * READY_MS)
    scores = _scores(download(page, "Report (.zip)"))
    to_predict(page)
    beside = page.locator(".beside")
    expect(beside.locator(".look")).to_have_text("The result (sensitivity 90%)", timeout=READY_MS)
    assert "Sensitivity is at least 90 % with 95 % confidence" in beside.locator(".promise").inner_text()
    score = float(beside.locator(".called span").first.get_attribute("title") or "")

    for share in (0.9, 0.1):
        drag(page, beside.get_by_role("slider", name="Cut-off"), share, told)
        page.wait_for_timeout(REST_MS)
        at = float(link(page)["at"])
        counts = count_at(*scores, at)
        people = beside.locator(".thousand").inner_text()
        assert f"missed {1000 * counts.fn / 24:.1f} ({counts.fn} of 12)" in people
        assert f"false alarms {1000 * counts.fp / 24:.1f} ({counts.fp} of 12)" in people
        assert beside.locator(".verdict").inner_text() == ("above" if score >= at else "below")
        assert "Found by looking" in beside.locator(".promise").inner_text()
    assert page.evaluate("performance.getEntriesByName('readroom:cutoff').length") > 5

    page.reload()
    expect(beside.locator(".look")).to_contain_text("A look: the result is at 0.2", timeout=READY_MS)
    assert float(link(page)["at"]) == at
    assert violations(page) == []
    beside.get_by_role("button", name="Back").click()
    expect(page).not_to_have_url(re.compile("at="), timeout=READY_MS)
    expect(beside.locator(".look")).to_have_text("The result (sensitivity 90%)")


def _scores(archive: Path) -> tuple[list[float], list[int]]:
    """Scores and labels of the report's own table."""
    import zipfile

    with zipfile.ZipFile(archive) as held:
        name = next(name for name in held.namelist() if name.endswith("scores.csv"))
        rows = list(csv.DictReader(io.StringIO(held.read(name).decode())))
    scored = [row for row in rows if row["tiny_chest_mobilenet_v1.0.0"]]
    return [float(row["tiny_chest_mobilenet_v1.0.0"]) for row in scored], [int(row["label"]) for row in scored]
