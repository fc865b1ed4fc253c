"""What the viewer does when it is used: keys, pointer, what is fetched, what Python hears."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESK, SMALL
from tests.browser.viewer_harness.bench import viewer_for
from tests.browser.viewer_harness.pictures import Case, brain_case, film_case, head_case
from tests.render.builders import film

MIDDLE = (12, 15, 9)


def test_moves_fetch_nothing_and_tell_python_only_where_the_crosshair_rests(page):
    """Slice, window, opacity, zoom and overlay are answered in the browser: no byte leaves or comes."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        assert [url for url in viewer.requests if "pictures" in url] == [
            "/pictures/case-01/image",
            "/pictures/case-01/labels",
        ]
        viewer.requests.clear()

        viewer.press("ArrowUp", "ArrowUp", "PageDown", "[", "]", "}", "+", "-", "h", "h", "i", "v", "e", "x", "g")
        viewer.page.get_by_role("slider").fill("0.8")
        viewer.page.get_by_label("Window").select_option("full")
        x, y = viewer.place("axial", MIDDLE)
        viewer.page.mouse.move(x, y)
        viewer.page.mouse.down()
        for step in range(20):
            viewer.page.mouse.move(x + step, y + step)
        viewer.page.mouse.up()
        viewer.page.wait_for_timeout(400)

        assert viewer.requests == []
        assert {name for name, _ in viewer.sent()} == {"crosshair"}


def test_python_hears_of_the_crosshair_once_it_rests(page):
    """Many moves are one message with the last place, not one for each; opening a case is none."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.page.wait_for_timeout(400)
        assert viewer.sent() == []

        # In one task of the page, so that a busy machine cannot put a rest between two of them.
        viewer.page.evaluate("""() => {
            const stage = document.querySelector(".stage");
            for (let i = 0; i < 6; i++) stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp" }));
        }""")
        viewer.page.wait_for_function("sent.length > 0")
        viewer.page.wait_for_timeout(400)

        assert viewer.sent() == [["crosshair", [12, 15, 15]]]


@pytest.mark.parametrize(
    ("keys", "slices"),
    [
        (["ArrowUp"], "axial 11/18"),
        (["ArrowDown", "ArrowDown"], "axial 8/18"),
        (["PageUp"], "axial 18/18"),
        (["PageDown"], "axial 1/18"),
        (["v", "ArrowUp"], "coronal 17/30"),
        (["v", "v", "ArrowDown"], "sagittal 12/24"),
        (["Shift+ArrowLeft"], "sagittal 14/24"),
        (["Shift+ArrowUp"], "coronal 17/30"),
        (["g"], "axial 12/18"),
    ],
)
def test_keys_move_through_slices(page, keys, slices):
    """Every slice can be reached without a mouse, and the strip counts from 1 as readers do."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)

        viewer.press(*keys)

        assert slices in viewer.text("facts")


def test_keys_change_contrast_zoom_and_go_back(page):
    """Brackets, plus and minus, and one key back to how the picture came."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        assert "W 600 · L 300" in viewer.text("facts")
        before = viewer.pixels()

        viewer.press("[")
        assert "W 545 · L 300" in viewer.text("facts")
        assert viewer.page.get_by_label("Window").input_value() == "custom"
        viewer.press("}", "+")
        assert "W 545 · L 327" in viewer.text("facts")
        assert "zoom 1.3×" in viewer.text("facts")
        viewer.press("0")
        viewer.page.locator(".stage").blur()

        assert np.array_equal(viewer.pixels(), before)


def test_right_drag_changes_the_window(page):
    """To the right is wider, downwards is a higher level, as on every workstation."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        x, y = viewer.place("axial", MIDDLE)
        viewer.page.mouse.move(x, y)
        viewer.page.mouse.down(button="right")
        viewer.page.mouse.move(x + 50, y)
        viewer.page.mouse.up(button="right")
        viewer.settle()

        assert f"W {round(600 * np.exp(0.25))} · L 300" in viewer.text("facts")


def test_crosshair_follows_the_pointer_in_every_plane(page):
    """A click in one plane moves the other two; the readout is the stored value at that voxel."""
    case = head_case("case-01", "ASL")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.point("coronal", (8, 15, 6))
        assert "sagittal 9/24" in viewer.text("facts")
        assert "axial 7/18" in viewer.text("facts")
        viewer.point("sagittal", (8, 20, 12))
        assert "coronal 21/30" in viewer.text("facts")
        viewer.point("axial", (5, 22, 12))

        assert "value 1000" in viewer.text("point")
        assert "label core" in viewer.text("point")


def test_crosshair_stays_under_the_pointer_when_zoomed(page):
    """What is pointed at is what is read, at any zoom."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.point("axial", (5, 22, 9))
        before = viewer.text("point")
        x, y = viewer.place("axial", (5, 22, 9))
        viewer.press(*["+"] * 6)

        viewer.page.mouse.click(x, y)
        viewer.settle()

        assert viewer.text("point") == before


def test_wheel_belongs_to_the_page_until_the_viewer_has_the_focus(page):
    """Scrolling past a picture must not change its slice."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.page.mouse.move(*viewer.place("axial", MIDDLE))
        viewer.page.mouse.wheel(0, -100)
        viewer.page.wait_for_timeout(100)
        assert "axial 10/18" in viewer.text("facts")

        viewer.page.locator(".stage").focus()
        viewer.page.mouse.wheel(0, -100)
        viewer.page.wait_for_timeout(100)
        assert "axial 11/18" in viewer.text("facts")


def test_wheel_zooms_a_film_round_the_pointer_and_drag_pans_it(page):
    """What lies under the pointer stays there while zooming, and moves with the hand while dragging."""
    case = film_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, heat_url=None)
        x, y = viewer.place("film", (50, 90))
        viewer.page.locator(".stage").focus()
        viewer.page.mouse.move(x, y)
        for _ in range(8):
            viewer.page.mouse.wheel(0, -100)
        viewer.page.mouse.move(x + 1, y)
        viewer.settle()
        assert "row, column 90, 50" in viewer.text("point")
        assert "zoom 3.1×" in viewer.text("facts")

        viewer.page.mouse.down()
        viewer.page.mouse.move(x + 60, y + 30)
        viewer.page.mouse.up()
        viewer.page.mouse.move(x + 61, y + 30)
        viewer.settle()
        assert "row, column 90, 50" in viewer.text("point")


def test_n_and_p_ask_python_for_another_case(page):
    """A reader goes through a worklist without leaving the picture."""
    case = film_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)

        viewer.press("n", "p")

        told = viewer.sent()
        assert [(name, value["sum"]) for name, value in told] == [("steps", 1), ("steps", 0)]
        assert len({value["mount"] for _, value in told}) == 1


def test_choices_survive_the_next_case(page):
    """Window, slice, overlay and hidden labels stay; a contrast set by hand follows each picture's own window."""
    first, second = head_case("case-01"), head_case("case-02", "LPS")
    with viewer_for(page, first, second) as viewer:
        viewer.show(first)
        viewer.press("ArrowUp", "[", "2", "i")
        viewer.click("outline")
        seen = viewer.pixels()

        viewer.show(second)

        assert "axial 11/18" in viewer.text("facts")
        assert "W 545" in viewer.text("facts")
        assert not viewer.page.get_by_role("checkbox", name="oedema").is_checked()
        assert np.array_equal(viewer.pixels(), seen)


def test_labels_that_come_later_do_not_fetch_the_image_again(page):
    """A result appears over the picture that is already there; nothing moves and nothing is sent twice."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, labels_url=None)
        viewer.press("ArrowUp", "+")
        top = viewer.page.locator("canvas").bounding_box()
        viewer.requests.clear()

        viewer.show(case)

        assert [url for url in viewer.requests if "pictures" in url] == ["/pictures/case-01/labels"]
        assert "axial 11/18" in viewer.text("facts")
        assert viewer.page.locator("canvas").bounding_box() == top


def test_deleted_picture_says_so(page):
    """410 is not an error of ours: the owner deleted the picture."""
    case = film_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.give({**case.picture(), "image_url": "pictures/gone/image"})
        viewer.page.get_by_text("This picture was deleted.").wait_for()

        assert viewer.page.get_by_role("button", name="Try again").count() == 0
        viewer.show(case)
        assert viewer.page.get_by_text("This picture was deleted.").count() == 0


def test_damaged_bytes_give_a_sentence_and_another_try(page):
    """Half a picture is never shown as a whole one."""
    case = film_case("case-01")
    half = Case("case-02", case.study)
    half.files["image"] = case.files["image"][: len(case.files["image"]) // 2]
    long = Case("case-03", film(np.zeros((500, 500))))
    with viewer_for(page, case, half, long) as viewer:
        viewer.give(half.picture())
        viewer.page.get_by_role("button", name="Try again").wait_for()

        viewer.give({**long.picture(), "meta": case.meta})
        viewer.page.get_by_text("does not match its description").wait_for()


def test_old_case_does_not_arrive_over_a_new_one(page):
    """Fast changes of case end at the last one, whatever arrives in between."""
    cases = [head_case(f"case-{n:02}", "LPS") for n in range(1, 9)]
    with viewer_for(page, *cases) as viewer:
        for case in cases:
            viewer.give(case.picture())
        viewer.show(cases[-1])

        assert "case-08" in viewer.text("facts")
        assert viewer.page.locator("canvas").count() == 1


@pytest.mark.parametrize("encoded", [False, True])
def test_bytes_arrive_packed_or_already_unpacked_by_the_browser(page, encoded):
    """A server may name gzip as the content's encoding or send it as it is; both give the picture."""
    case = head_case("case-01")
    with viewer_for(page, case, encoded=encoded) as viewer:
        viewer.show(case)

        assert "value 308" in viewer.text("point")
        assert "label oedema" in viewer.text("point")


def test_names_are_shown_as_text(page):
    """A label's name comes from a model file: markup in it must stay letters."""
    case = head_case("case-01")
    evil = '<img src=x onerror="window.harm=1"><b>core'
    with viewer_for(page, case) as viewer:
        viewer.show(case, case=evil, labels=[[1, evil, "#F0E442"], [2, evil + "2", 'red;background:url("//x")']])
        viewer.press("g")

        assert viewer.page.evaluate("window.harm") is None
        assert viewer.page.locator("#place img").count() == 0
        assert evil in viewer.text("facts")


def test_20_studies_one_after_another_leave_memory_flat(page):
    """A day of reading must not fill the browser: the picture before goes when the next one comes."""
    cases = [brain_case(f"case-{n:02}", seed=n, shape=(120, 120, 100)) for n in range(1, 4)]
    size = 120 * 120 * 100 * 3
    with viewer_for(page, *cases) as viewer:
        session = page.context.new_cdp_session(page)

        def held() -> int:
            session.send("HeapProfiler.collectGarbage")
            usage = session.send("Runtime.getHeapUsage")
            return int(usage["usedSize"] + usage["backingStorageSize"])

        for case in cases:
            viewer.show(case)
        before = held()
        for step in range(20):
            case = cases[step % 3]
            name = f"{case.name}?{step}"
            viewer.show(case, image_url=f"pictures/{case.name}/image?{step}", case=name)
            viewer.press("ArrowUp", "[", "g")

        assert held() - before < size
        viewer.page.evaluate("end()")
        assert held() < before - size / 2
        assert viewer.page.locator("canvas").count() == 0


@pytest.mark.parametrize("theme", ["", "light"])
@pytest.mark.parametrize("viewport", [DESK, SMALL], ids=["1440", "1024"])
def test_axe_finds_nothing_and_controls_are_large_enough(new_page, viewport, theme):
    """WCAG A and AA on both sizes and themes, 24 px targets, and no sideways scrolling."""
    page = new_page(viewport=viewport)
    cases = [head_case("case-01"), film_case("case-02", ("L", "F"))]
    with viewer_for(page, *cases, width=742 if viewport is DESK else 715) as viewer:
        page.evaluate(f"document.documentElement.className = '{theme}'")
        for case in cases:
            viewer.show(case)
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
            assert found.violations_count == 0, found.generate_report()
            for control in page.locator(".bar button, .bar select, .bar input[type=range], .bar label.chip").all():
                box = control.bounding_box()
                assert min(box["width"], box["height"]) >= 24, control.inner_text()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            last = page.locator(".strip").bounding_box()
            assert last["y"] + last["height"] <= viewport["height"]


def test_viewer_can_be_used_with_the_keyboard_alone_and_speaks(page):
    """Tab reaches the stage, its name tells the keys, the position is read out, the focus is seen."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        stage = viewer.page.get_by_role("application")
        assert "Page up and page down: 10 slices" in stage.get_attribute("aria-label")
        for _ in range(30):
            viewer.page.keyboard.press("Tab")
            if stage.evaluate("e => e.matches(':focus')"):
                break
        assert stage.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"

        viewer.page.keyboard.press("ArrowUp")
        viewer.page.wait_for_timeout(900)

        assert "axial 11 of 18" in viewer.page.locator(".live").inner_text()
