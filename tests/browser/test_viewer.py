"""What the viewer draws, pixel by pixel: sides, slices, windows, labels, heat."""

from __future__ import annotations

import numpy as np
import pytest

from core.render.palette import LABELS, rgb
from core.render.planes import PLANES, greys, volume_plane
from core.studies.study import Window
from tests.browser.viewer_harness.bench import viewer_for
from tests.browser.viewer_harness.pictures import Case, film_case, head_case
from tests.render.builders import all_axis_codes, film, head, stored_as, volume

MARK = (5, 22, 13)  # a voxel of the bright mark: patient's left, front, above the middle
LETTER = rgb("#E8C96A")


def count(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((pixels == colour).all(axis=-1).sum())


def middle(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[float, float]:
    rows, columns = np.nonzero((pixels == colour).all(axis=-1))
    return columns.mean(), rows.mean()


def test_48_axis_orders_give_one_picture_and_the_right_native_voxel(page):
    """How a scanner stored a head may change neither what is seen nor which voxel is named."""
    pixels, affine = head()
    cases = [head_case(f"case-{codes}", codes) for codes in all_axis_codes()]
    numbers = np.arange(pixels.size).reshape(pixels.shape)
    with viewer_for(page, *cases) as viewer:
        viewer.show(cases[0])
        viewer.press(*["ArrowUp"] * 4)
        viewer.point("axial", MARK)
        first = viewer.pixels()

        for codes, case in zip(all_axis_codes(), cases, strict=True):
            viewer.show(case)
            stored, _ = stored_as(numbers, affine, codes)
            voxel = ", ".join(str(i) for i in np.argwhere(stored == numbers[MARK])[0])
            assert f"voxel ({codes}) {voxel}" in viewer.text("point")
            assert "value 1000" in viewer.text("point")
            assert "mm (RAS) −14.0, 14.0, 12.0" in viewer.text("point")
            assert np.array_equal(viewer.pixels(), first), f"{codes} looks different"


def test_planes_show_exactly_the_voxels_that_python_cuts(page):
    """Screen and export must agree to the pixel; the Python side is checked against plain indexing."""
    case = head_case("case-01", "PIL")
    array = case.study.pixels[0]
    with viewer_for(page, case) as viewer:
        viewer.show(case, labels_url=None)
        viewer.click("Smooth")
        viewer.click("Crosshair")
        seen = viewer.pixels()

        for name in PLANES:
            plane = volume_plane(case.study, name, (12, 15, 9))
            expected = greys(plane.cut(array), Window(0, 600, ""))
            x, y = (np.floor(places).astype(int) for places in viewer.centres(name))
            drawn = seen[y][:, x].astype(int)
            letters = (drawn[..., 0] != drawn[..., 2]) | (drawn.max() == 0)  # coloured: a letter over the picture
            assert np.abs(drawn[..., 0] - expected)[~letters].max() <= 1  # the two round a half differently
            assert letters.mean() < 0.01


def test_patient_left_is_on_the_right_and_named_so(page):
    """The one mistake that must never happen: a marked phantom proves the sides, letters and words together."""
    case = head_case("case-01", "LAS")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.press(*["ArrowUp"] * 4)
        pixels, pane = viewer.pixels(), viewer.pane("axial")

        axial = pixels[: pane["height"], : pane["width"]]
        x, y = middle(axial, rgb(LABELS[0]))  # the outline of the mark's label
        assert x > pane["width"] / 2
        assert y < pane["height"] / 2
        edge = 26
        for side in (axial[:, :edge], axial[:, -edge:], axial[:edge], axial[-edge:]):
            assert count(side, LETTER) > 10
        assert viewer.text("side") == "Patient right is on the left"


def test_unknown_orientation_draws_no_letters_and_names_no_plane(page):
    """Letters come from the header; without one the picture says so."""
    case = Case("case-01", volume(head()[0]))
    with viewer_for(page, case) as viewer:
        viewer.show(case)

        assert count(viewer.pixels(), LETTER) == 0
        assert viewer.text("side") == "Orientation unknown"
        assert "axial" not in viewer.text("facts")
        assert "mm (RAS)" not in viewer.text("point")


def test_nodule_at_image_left_of_a_film_stays_left(page):
    """A film is never mirrored, with or without sides in its header."""
    plain, sided = film_case("case-01"), film_case("case-02", ("L", "F"))
    with viewer_for(page, plain, sided) as viewer:
        for case, words in ((plain, "Side unknown"), (sided, "left edge R")):
            viewer.show(case, heat_url=None)
            pixels = viewer.pixels()
            rows, columns = np.nonzero(pixels[..., 0] == 220)
            x, y = viewer.centres("film")
            assert abs(columns.mean() + 0.5 - x[50]) < 1
            assert abs(rows.mean() + 0.5 - y[90]) < 1
            assert words in viewer.text("side")
            assert (count(pixels, LETTER) > 0) == (case is sided)


def test_anisotropic_voxels_are_not_stretched(page):
    """2 x 2 x 3 mm voxels: a plane's sides stand in the proportion of their millimetres."""
    pixels = np.full((20, 20, 20), 100)
    case = Case("case-01", volume(pixels, np.diag([2.0, 2.0, 3.0, 1.0]), Window(0, 100, "header")))
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.click("Crosshair")
        pane = viewer.pane("coronal")
        part = viewer.pixels()[: pane["height"] - 2, pane["x"] + 2 :]
        rows, columns = np.nonzero((part == 255).all(axis=-1))

        ratio = (rows.max() - rows.min() + 1) / (columns.max() - columns.min() + 1)
        assert ratio == pytest.approx(1.5, abs=0.02)


def test_large_film_is_averaged_down_not_sampled(page):
    """Fine stripes seen from far are grey: skipping rows would invent a pattern."""
    stripes = np.tile([[0.0], [200.0]], (1500, 2000))
    case = Case("case-01", film(stripes))
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        pixels = viewer.pixels()
        inner = pixels[40:-40, pixels.shape[1] // 2 - 50 : pixels.shape[1] // 2 + 50, 0]

        assert abs(inner.astype(int) - 100).max() <= 25


def test_sixteen_bit_film_is_windowed_from_its_full_depth(page):
    """Contrast inside 16 bits: two values one step apart are told apart in a narrow window."""
    pixels = np.full((40, 60), 30000.0)
    pixels[:, 30:] = 30001
    case = Case("case-01", film(pixels, window=Window(30000, 30001, "header")))
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.click("Smooth")
        x, y = viewer.centres("film")
        row = viewer.pixels()[int(y[20])]

        assert (row[int(x[5])] == 0).all()
        assert (row[int(x[55])] == 255).all()
        viewer.page.mouse.move(*viewer.place("film", (55, 20)))
        assert "row, column 20, 55" in viewer.text("point")
        assert "value 30001" in viewer.text("point")


def test_one_label_can_be_hidden_and_the_bare_image_is_one_key_away(page):
    """Labels cover what they claim: each can be taken off alone, and all at once."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, labels_url=None)
        viewer.press(*["ArrowUp"] * 2)
        viewer.click("Crosshair")
        viewer.page.locator(".stage").focus()
        bare = viewer.pixels()
        viewer.show(case)
        viewer.page.locator(".stage").focus()  # the pane that the keys move is framed brighter
        both = viewer.pixels()
        assert count(both, rgb(LABELS[0])) > 0
        assert count(both, rgb(LABELS[1])) > 0

        viewer.page.get_by_role("checkbox", name="core").uncheck()
        one = viewer.pixels()
        assert count(one, rgb(LABELS[0])) == 0
        assert count(one, rgb(LABELS[1])) == count(both, rgb(LABELS[1]))

        viewer.press("1")
        assert np.array_equal(viewer.pixels(), both)
        viewer.press("h")
        assert np.array_equal(viewer.pixels(), bare)
        viewer.press("h")
        assert np.array_equal(viewer.pixels(), both)


def test_fill_has_the_chosen_opacity_and_a_dark_edged_outline(page):
    """45 % of the label's colour over the grey, a full line, and a dark edge outside of it."""
    case = head_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case)
        viewer.click("Crosshair")
        viewer.click("Smooth")
        x, y = (np.floor(places).astype(int) for places in viewer.centres("axial"))
        column, row = 23 - 11, 29 - 15  # voxel (11, 15): inside label 2
        grey = round(float(case.study.pixels[0, 11, 15, 9]) / 600 * 255)
        seen = viewer.pixels()

        assert np.abs(seen[y[row], x[column]] - (grey * 0.55 + np.array(rgb(LABELS[1])) * 0.45)).max() <= 1
        line = seen[y[row], x[23 - 14] : x[23 - 13]]  # from the voxel outside to the first one of the label
        coloured = np.flatnonzero((line == rgb(LABELS[1])).all(axis=-1))
        assert coloured.size == 1
        assert line[coloured[0] - 1].max() < 0.3 * line[0].max()

        viewer.page.get_by_role("slider").fill("0.9")
        assert np.abs(viewer.pixels()[y[row], x[column]] - (grey * 0.1 + np.array(rgb(LABELS[1])) * 0.9)).max() <= 1
        viewer.click("outline")
        assert np.abs(viewer.pixels()[y[row], x[column]].astype(int) - grey).max() <= 1


def test_heat_is_drawn_as_lines_or_cover_or_not_at_all(page):
    """Contours lie at 50 % and 80 % of the peak; the cover starts at 30 % and never hides the image."""
    case = film_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, heat_url=None)
        bare = viewer.pixels()
        viewer.show(case)
        lines = viewer.pixels()
        x, y = viewer.centres("film")
        scale = x[1] - x[0]
        for share, colour in ((0.5, "#FFB347"), (0.8, "#FFE08A")):
            rows, columns = np.nonzero((lines == rgb(colour)).all(axis=-1))
            radius = np.hypot(columns + 0.5 - x[50], rows + 0.5 - y[90]) / scale
            np.testing.assert_allclose(radius, np.sqrt(-400 * np.log(share)), atol=0.6)

        viewer.click("heat")
        cover = viewer.pixels().astype(int)
        far = int(y[90]), int(x[50 + 25])  # heat 0.21
        peak = int(y[90]), int(x[50])
        assert (cover[far] == bare[far]).all()
        assert np.abs(cover[peak] - (bare[peak] * 0.25 + np.array([255, 240, 190]) * 0.75)).max() <= 1
        viewer.click("off")
        assert np.array_equal(viewer.pixels(), bare)
        viewer.page.mouse.move(*viewer.place("film", (50, 90)))
        assert "heat 1.00" in viewer.text("point")


def test_invert_turns_every_grey_round(page):
    """White on black and black on white hold the same information."""
    case = film_case("case-01")
    with viewer_for(page, case) as viewer:
        viewer.show(case, heat_url=None)
        x, y = viewer.centres("film")
        inside = np.ix_(np.floor(y[2:-2]).astype(int), np.floor(x[2:-2]).astype(int))
        before = viewer.pixels()[inside].astype(int)

        viewer.press("i")

        assert np.array_equal(viewer.pixels()[inside], 255 - before)
        viewer.press("i")
        assert np.array_equal(viewer.pixels()[inside], before)
