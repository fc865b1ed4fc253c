"""A segmentation's cut-off in the viewer: redrawn there, counted as core counts, never taken for the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from core.metrics.lesions import components
from core.metrics.segmentation import volume_ml
from core.render.palette import LABELS, rgb
from tests.browser.conftest import SMALL
from tests.browser.viewer_harness.bench import Viewer, viewer_for
from tests.browser.viewer_harness.pictures import Case, brain_case, lesions_case

STEPS = 200


def slider(viewer: Viewer) -> Any:
    return viewer.page.get_by_role("slider", name="Cut-off of the probability of any label")


def go(viewer: Viewer, step: int) -> None:
    """Move the cut-off as a hand does, and wait until its regions are counted."""
    slider(viewer).fill(str(step))
    counted(viewer)


def counted(viewer: Viewer) -> None:
    """Until the regions on screen are those of the cut-off: the count goes blank with the next frame, then comes."""
    viewer.settle()
    expect(viewer.page.locator(".cut .regions")).not_to_contain_text("…")
    viewer.settle()


def told(viewer: Viewer) -> tuple[str, int]:
    """Volume and number of regions on screen."""
    regions = viewer.page.locator(".cut .regions").inner_text()
    return viewer.page.locator(".cut .volume").inner_text(), int(regions.split()[0])


def expected(case: Case, mask: np.ndarray, smallest: float = 0.0) -> tuple[str, int]:
    """The same from core.metrics."""
    spacing = case.meta["spacing_mm"]
    _, count = components(mask, float(np.prod(spacing)), smallest)
    return f"{volume_ml(mask, spacing):.2f} mL", count


def test_volume_and_regions_are_those_of_core_at_every_cut_off(page):
    """The count joins voxels at corners and leaves out what is too small, exactly as `evaluate` counts lesions."""
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        counted(viewer)
        assert told(viewer) == expected(case, case.label_map > 0)

        numbers = set()
        for step in (1, 40, 60, 72, 80, 99, 101, 120, 150, 200):
            go(viewer, step)
            assert told(viewer) == expected(case, case.steps >= step), step
            numbers.add(told(viewer)[1])
        assert len(numbers) > 4

        go(viewer, 80)
        for smallest in (10.0, 30.0, 100.0):
            viewer.page.get_by_label("Smallest region that is counted").select_option(str(int(smallest)))
            counted(viewer)
            assert told(viewer) == expected(case, case.steps >= 80, smallest)


def test_the_mask_on_screen_is_the_one_at_the_cut_off(page):
    """Each voxel of the plane that the cut-off takes is covered, and no other."""
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.click("Crosshair")
        viewer.click("fill")
        bare_at = {}
        for step in (60, 100, 140):
            go(viewer, step)
            covered = viewer.pixels().astype(int)
            viewer.press("h")
            bare = viewer.pixels().astype(int)
            viewer.press("h")
            x, y = (np.floor(places).astype(int) for places in viewer.centres("axial"))
            changed = (covered != bare).any(axis=-1)[y][:, x]
            k = case.meta["dims"][2] // 2
            plane = (case.steps[:, :, k] >= step)[::-1, ::-1].T
            assert (changed == plane).mean() > 0.99  # the letters lie over the picture
            bare_at[step] = plane.sum()
        assert bare_at[60] > bare_at[100] > bare_at[140] > 0


def test_a_moved_cut_off_is_marked_as_a_look_and_leads_back(page):
    """Nobody may take a mask at 0.35 for the model's result."""
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        look, back = viewer.page.locator(".cut .look"), viewer.page.get_by_role("button", name="Back", exact=True)
        assert look.inner_text() == "The result, at 0.50"
        assert not back.is_visible()

        go(viewer, 70)
        assert look.inner_text() == "A look: the result is at 0.50"
        assert viewer.page.locator(".cut .at").inner_text() == "0.35"
        viewer.page.wait_for_function("sent.length > 0")
        assert viewer.sent()[-1] == ["cut", {"turn": 1, "step": 70}]

        back.click()
        counted(viewer)
        assert look.inner_text() == "The result, at 0.50"
        assert told(viewer) == expected(case, case.label_map > 0)
        viewer.page.wait_for_function("sent.length > 1")
        assert viewer.sent()[-1] == ["cut", {"turn": 1, "step": None}]


def test_python_puts_the_cut_off_by_another_turn_and_never_otherwise(page):
    """A run of the page must not pull the slider out of a hand; a link must put it."""
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, cut=case.cut(at=70))
        counted(viewer)
        assert told(viewer) == expected(case, case.steps >= 70)

        go(viewer, 90)
        viewer.show(case, cut=case.cut(at=70))
        assert viewer.page.locator(".cut .at").inner_text() == "0.45"
        viewer.show(case, cut=case.cut(at=None, turn=2))
        assert viewer.page.locator(".cut .at").inner_text() == "0.50"


def test_of_several_labels_what_only_a_lower_cut_off_takes_is_white(page):
    """No label may be made up for a voxel that the result gave none."""
    case = lesions_case("case-01", names=("front", "back"))
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        assert viewer.page.locator(".cut .look").inner_text() == "The result"
        white = (viewer.pixels() == (255, 255, 255)).all(axis=-1).sum()
        colours = [(viewer.pixels() == rgb(colour)).all(axis=-1).sum() for colour in LABELS[:2]]

        go(viewer, 60)

        assert "likeliest" in viewer.page.locator(".cut .look").inner_text()
        assert (viewer.pixels() == (255, 255, 255)).all(axis=-1).sum() > white + 200
        assert min(colours) > 0


def test_a_result_without_probabilities_has_no_bar(page):
    """Results kept before there were any, and classifiers."""
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        assert slider(viewer).is_visible()
        viewer.show(case, foreground_url=None, cut=None)
        assert not viewer.page.locator(".cut").is_visible()


def test_a_drag_over_a_brain_fetches_nothing_and_tells_python_once(page, record_testsuite_property):
    """The reach of the issue: 240 x 240 x 155, each frame drawn in the browser. Its milliseconds are reported."""
    case = brain_case("case-01")
    case = Case("case-01", case.study, case.label_map, probability=_soft(case.label_map), names=case.names)
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        counted(viewer)
        viewer.requests.clear()
        box = slider(viewer).bounding_box()
        viewer.page.evaluate("performance.clearMeasures()")
        y = box["y"] + box["height"] / 2
        viewer.page.mouse.move(box["x"] + box["width"] / 2, y)
        viewer.page.mouse.down()
        for step in range(60):
            viewer.page.mouse.move(box["x"] + box["width"] * (0.5 - 0.4 * step / 60), y)
        assert viewer.sent() == []
        viewer.page.mouse.up()
        counted(viewer)
        viewer.page.wait_for_function("sent.length > 0")

        assert viewer.requests == []
        assert len(viewer.sent()) == 1
        step = viewer.sent()[0][1]["step"]
        assert told(viewer) == expected(case, case.steps >= step)
        for name in ("redraw", "regions"):
            entries = viewer.page.evaluate(f"performance.getEntriesByName('readroom:{name}').map(e => e.duration)")
            assert entries
            record_testsuite_property(f"{name}_ms", [round(float(q), 1) for q in np.quantile(entries, (0.5, 0.95))])


def _soft(label_map: np.ndarray) -> np.ndarray:
    """A probability that falls with the label's value: nested shells."""
    return np.select([label_map == 2, label_map == 1, label_map == 3], [0.9, 0.6, 0.3], 0.02).astype(np.float32)


@pytest.mark.parametrize("moved", [False, True])
def test_axe_finds_nothing_in_the_bar(page, moved):
    """Names, contrast and target sizes at the smaller width."""
    page.set_viewport_size(SMALL)
    case = lesions_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        if moved:
            go(viewer, 70)
        options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
        found = Axe().run(page, options=options).response["violations"]
        assert [f"{v['id']}: {node['html'][:120]}" for v in found for node in v["nodes"]] == []
