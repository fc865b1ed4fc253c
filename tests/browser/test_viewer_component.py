"""The viewer inside Streamlit: served as files, events to Python, and nothing heavy on the websocket."""

from __future__ import annotations

from pathlib import Path

import pytest

HARNESS = Path(__file__).parent / "viewer_harness" / "server.py"


@pytest.fixture
def harness(serve, page):
    """The harness app with its first case drawn; `page.asked`, `received` and `told` note what goes over the wire."""
    server = serve(HARNESS)
    page.asked, page.received, page.told = [], [], []
    page.on("request", lambda request: page.asked.append(request.url))

    def listen(socket):
        socket.on("framereceived", lambda data: page.received.append(len(data)))
        socket.on("framesent", lambda data: page.told.append(len(data)))

    page.on("websocket", listen)
    page.goto(server.url)
    ready(page, "case-01")
    return page


def ready(page, case: str) -> None:
    page.locator(".strip .facts").get_by_text(case).wait_for(timeout=30_000)
    page.wait_for_selector(".stage[data-state=ready]")
    page.get_by_text(f"case: {case}").wait_for()


def pictures(page) -> list[str]:
    return [url.split("/pictures/")[1] for url in page.asked if "/pictures/" in url]


def test_component_is_served_as_hashed_files_and_not_inline(harness):
    """Inline code would be sent again in every run; files under an old name would outlive a new release."""
    files = [url.split("/bidi-components/")[1] for url in harness.asked if "/bidi-components/" in url]

    assert {file.split("/")[1] for file in files} >= {"viewer.js", "viewer.css", "raster.js"}
    assert all(file.startswith("readroom.viewer-") for file in files)
    assert not [url for url in harness.asked if url.startswith("blob:")]


def test_n_and_p_change_the_case_in_python_and_focus_stays(harness):
    """The worklist moves by key; the reader's hand stays on the picture."""
    stage = harness.locator(".stage")
    stage.press("ArrowUp")
    stage.press("n")
    ready(harness, "case-02")
    assert "axial 11/18" in harness.locator(".strip .facts").inner_text()
    assert stage.evaluate("e => e.matches(':focus')")

    stage.press("n")
    ready(harness, "case-03")
    stage.press("p")
    ready(harness, "case-02")
    assert pictures(harness) == [
        "case-01/image", "case-01/labels", "case-02/image", "case-02/labels",
        "case-03/image", "case-03/heat", "case-02/image", "case-02/labels",
    ]  # fmt: skip


def test_crosshair_reaches_python_in_a_light_rerun_without_picture_bytes(harness):
    """A move costs one small message once it rests, not one for each pixel of a drag."""
    harness.wait_for_timeout(500)
    harness.asked.clear()
    harness.received.clear()
    harness.told.clear()
    box = harness.locator("canvas").bounding_box()
    harness.mouse.move(box["x"] + 200, box["y"] + 200)
    harness.mouse.down()
    for step in range(30):
        harness.mouse.move(box["x"] + 200 + step, box["y"] + 200)
    harness.mouse.up()
    harness.get_by_text("crosshair: (").wait_for()

    assert pictures(harness) == []
    assert sum(harness.received) < 20_000
    assert len(harness.told) < 15  # of 30 places; a busy machine makes the hand rest now and then
    assert "runs: 1" in harness.get_by_text("runs:").inner_text()


def test_labels_switched_in_python_leave_the_image_alone(harness):
    """When a result comes or goes, the image is not fetched or drawn anew."""
    harness.locator(".stage").press("PageUp")
    # The run that the rest of the crosshair asks for, beside the switch's own, may mount the viewer anew.
    harness.get_by_text("crosshair: (").wait_for()
    harness.asked.clear()

    harness.get_by_text("Labels", exact=True).click()
    harness.get_by_text("No overlay yet.").wait_for()
    harness.get_by_text("Labels", exact=True).click()
    harness.get_by_role("checkbox", name="core").wait_for()
    harness.wait_for_selector(".stage[data-drawn='image labels']")

    assert pictures(harness) in ([], ["case-01/labels"])
    assert "axial 18/18" in harness.locator(".strip .facts").inner_text()
