"""The exported picture: what is burned in, and where the overlay lies."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy
from PIL import Image

from core.metrics.operating_points import OperatingPoint, Rule
from core.render import overlay
from core.render.overlay import _near, overlay_png
from core.render.palette import LABELS, rgb
from tests.render.builders import film, head, predicted, stored_as, volume


@pytest.fixture
def written(monkeypatch) -> list[str]:
    """Every text that is drawn into the picture."""
    texts: list[str] = []
    draw = overlay.ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        overlay.ImageDraw.ImageDraw,
        "text",
        lambda self, xy, text, *a, **k: (texts.append(text), draw(self, xy, text, *a, **k)),
    )
    return texts


def picture_of(*arguments, **options) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(overlay_png(*arguments, model_name="Net 1", case_id="case-07", **options))))


def nodule() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:100, 0:120]
    distance = (x - 30) ** 2 + (y - 60) ** 2
    return np.where(distance < 60, 200.0, 40.0), np.exp(-distance / 150).astype(np.float32)


def point(threshold: float) -> OperatingPoint:
    return OperatingPoint(
        "Youden", "nodule", threshold, Rule.YOUDEN, None, None, False, "c", "same_cases", 1, 1, 1, 0, 0, 1
    )


def test_notice_model_case_and_overlay_are_in_the_picture(written):
    """A picture travels alone: what it is and what it is not for must be inside it."""
    pixels, heat = nodule()

    png = overlay_png(
        film(pixels), predicted(heat=heat, scores={"nodule": 0.83}), model_name="Net 1", case_id="case-07"
    )

    whole = " | ".join(written)
    for part in ("Research use only. Not a medical device.", "case-07", "Net 1", "heat map for nodule", "Side unknown"):
        assert part in whole
    assert Image.open(io.BytesIO(png)).text["Disclaimer"].startswith("Research use only")


def test_score_is_given_with_its_threshold_and_a_tie_is_above(written):
    """Above or below stands in words, by the one rule of the house."""
    pixels, heat = nodule()
    prediction = predicted(heat=heat, scores={"nodule": 0.5, "mass": 0.2}, thresholds={"nodule": point(0.5)})

    picture_of(film(pixels), prediction)

    assert "nodule: score 0.50, above threshold 0.500" in written
    assert "mass: score 0.20" in written


def test_contours_surround_the_heat_and_stay_at_image_left():
    """A mirrored or shifted contour would mark healthy lung."""
    pixels, heat = nodule()

    picture = picture_of(film(pixels), predicted(heat=heat, scores={"nodule": 0.83}))

    scale = picture.shape[1] / 120  # a film's pixel lies round its middle
    rows, columns = np.nonzero((picture[: int(100 * scale)] == rgb("#FFB347")).all(axis=-1))
    x, y = (columns + 0.5) / scale - 0.5, (rows + 0.5) / scale - 0.5
    assert abs(x.mean() - 30) < 0.2
    assert abs(y.mean() - 60) < 0.2
    radius = np.hypot(x - 30, y - 60)
    np.testing.assert_allclose(radius, np.sqrt(150 * np.log(2)), atol=0.3)  # where the heat is half its peak


def test_side_letters_are_drawn_only_when_known(written):
    """Letters come from the header or not at all."""
    pixels, _ = nodule()

    picture_of(film(pixels, edges=("L", "F")), predicted(scores={"nodule": 0.1}))

    assert {"R", "L", "S", "I"} <= set(written)
    assert "Sides from the header: left edge R" in written
    written.clear()
    picture_of(volume(head()[0]), predicted(np.zeros((24, 30, 18)), ("a",)))
    assert not {"R", "L", "A", "P"} & set(written)
    assert "Orientation unknown" in written


@pytest.mark.parametrize("codes", ["LPS", "SRA", "PIL"])
def test_volume_picture_does_not_depend_on_how_it_was_stored(codes):
    """The same head gives the same export."""
    pixels, affine = head()
    labels = (pixels == 1000).astype(np.uint8)
    array, stored_affine = stored_as(pixels, affine, codes)
    stored_labels, _ = stored_as(labels, affine, codes)

    plain = picture_of(volume(pixels, affine), predicted(labels, ("mark",)))
    other = picture_of(volume(array, stored_affine), predicted(stored_labels, ("mark",)))

    np.testing.assert_array_equal(plain, other)


@pytest.mark.seeds(51)
def test_label_lies_where_the_mark_is_and_is_named_with_its_volume(written):
    """Colour alone is not enough: the label is named, and it covers the upper right of the axial plane."""
    pixels, affine = head()
    labels = (pixels == 1000).astype(np.uint8)

    picture = picture_of(volume(pixels, affine), predicted(labels, ("mark",)))

    rows, columns = np.nonzero((picture[:900, :900] == rgb(LABELS[0])).all(axis=-1))
    assert rows.mean() < 450 < columns.mean()
    assert f"mark: {labels.sum() / 1000:.2f} mL" in written


def test_overlay_of_another_grid_is_refused():
    """A result of another study must never be drawn over this one."""
    with pytest.raises(ValueError, match="lies on"):
        picture_of(film(np.zeros((4, 5))), predicted(heat=np.zeros((5, 4), np.float32), scores={"a": 0.1}))


@pytest.mark.parametrize("reach", [1, 3])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_what_is_near_a_line_is_scipys_dilation(reach: int, share: float) -> None:
    """A square around each point, cut at the borders; of noise as of a line."""
    line = np.random.default_rng(7).random((60, 45)) < share
    line[0, 0] = line[-1, -1] = line[30] = True
    expected = scipy.ndimage.binary_dilation(line, np.ones((2 * reach + 1, 2 * reach + 1)))

    found = _near(line, reach)

    assert np.array_equal(found, np.flatnonzero(expected))
