"""The picture to keep: what the model said, over the image, with what nobody may cut off burned in.

Owns the exported PNG: planes, overlay, letters and the lines of text below them. Never a file name,
never an identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core import NOTICE
from core.inference.prediction import Prediction
from core.metrics.counts import is_positive
from core.render.palette import EDGE, HEAT_LINES, LABEL_OPACITY, LETTERS, label_colour, rgb
from core.render.planes import Plane, greys, planes_of
from core.render.png import png_bytes
from core.studies.study import Kind, Study

FILM_PX = (1600, 1600)
"""Width and height that a film is fitted into, large or small: lines and letters then have one size."""

LARGE_PX, SMALL_PX = (900, 900), (560, 448)
"""The axial plane, and each of the two beside it."""

GAP_PX = 4
TEXT_PX, LETTER_PX, MARGIN_PX = 22, 30, 14

FINDINGS = 6
"""Findings listed below a film, those nearest to or above their threshold first."""


Picture = NDArray[np.uint8]
"""(rows, columns, 3), drawn on in place."""

Pixels = NDArray[np.intp]
"""Places in a picture whose rows are laid end to end."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line below the picture, with a colour square before it where it explains a label."""

    text: str
    colour: str = "#C9CED4"
    square: str | None = None


def overlay_png(study: Study, prediction: Prediction, *, model_name: str, case_id: str, channel: int = 0) -> bytes:
    """A PNG of the study with the prediction over it.

    A film is shown whole, with contours of the heat map where there is one; a volume in three planes
    through the largest axial slice of its labels. Burned in: the notice, the model, the case, what the
    overlay is, scores or volumes in words, and the side letters or that the sides are unknown.

    Raises
    ------
    ValueError : the prediction belongs to another grid.
    """
    for array in (prediction.label_map, prediction.heat):
        if array is not None and array.shape != study.shape:
            raise ValueError(f"the overlay lies on {array.shape}, the study on {study.shape}")
    overlay = prediction.label_map if prediction.label_map is not None else prediction.heat
    planes = planes_of(study, overlay)
    rooms = [FILM_PX] if study.kind is Kind.FILM else [LARGE_PX, SMALL_PX, SMALL_PX]
    tiles = [_tile(study, prediction, p, room, channel) for p, room in zip(planes, rooms, strict=True)]
    sheet = tiles[0] if len(tiles) == 1 else _side_by_side(tiles)
    whole = _with_text(sheet, _lines(study, prediction, planes, model_name, case_id))
    return png_bytes(np.asarray(whole), {"Title": case_id, "Disclaimer": NOTICE})


def _tile(study: Study, prediction: Prediction, plane: Plane, room: tuple[int, int], channel: int) -> Image.Image:
    """One plane in its true proportions: grey smoothly, labels by nearest voxel."""
    values = greys(plane.cut(study.pixels[channel]), study.windows[channel])
    rows, columns = values.shape
    scale = min(room[0] / (columns * plane.mm[1]), room[1] / (rows * plane.mm[0]))
    size = (max(1, round(columns * plane.mm[1] * scale)), max(1, round(rows * plane.mm[0] * scale)))
    how = Image.Resampling.LANCZOS if size[0] < columns else Image.Resampling.BILINEAR
    drawn = np.array(Image.fromarray(values).resize(size, how).convert("RGB"))
    if prediction.label_map is not None:
        _draw_labels(drawn, plane.cut(prediction.label_map), len(prediction.labels))
    if prediction.heat is not None and prediction.heat.any():
        _draw_contours(drawn, plane.cut(prediction.heat), float(prediction.heat.max()))
    picture = Image.fromarray(drawn)
    if plane.letters:
        _draw_letters(picture, plane.letters)
    return picture


def _draw_labels(picture: Picture, labels: NDArray[np.uint8], count: int) -> None:
    drawn = _scaled(labels, picture, Image.Resampling.NEAREST)
    edge = _border(drawn)
    for value in range(1, count + 1):
        colour = rgb(label_colour(value))
        inside = drawn == value
        _cover(picture, np.flatnonzero(inside), colour, LABEL_OPACITY)
        _cover(picture, np.flatnonzero(inside & edge), colour, 1.0)
    around = _near(edge & (drawn > 0), 1)
    _cover(picture, around[drawn.reshape(-1)[around] == 0], rgb(EDGE), 0.8)


def _draw_contours(picture: Picture, heat: NDArray[np.float32], peak: float) -> None:
    shares = _scaled(heat, picture, Image.Resampling.BILINEAR) / peak
    for share, colour in HEAT_LINES:
        line = _border(shares >= share) & (shares >= share)
        _cover(picture, _near(line, 3), rgb(EDGE), 0.85)
        _cover(picture, _near(line, 1), rgb(colour), 1.0)


def _scaled(values: NDArray[Any], picture: Picture, how: Image.Resampling) -> NDArray[Any]:
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).resize((width, height), how))


def _border(regions: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels with a neighbour of another value, above, below, left or right."""
    border = np.zeros(regions.shape, bool)
    down, across = regions[1:] != regions[:-1], regions[:, 1:] != regions[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= across
    border[:, :-1] |= across
    return border


def _near(line: NDArray[np.bool_], reach: int) -> Pixels:
    """All within `reach` pixels of a line, in a square; along one axis after the other."""
    height, width = line.shape
    steps = range(-reach, reach + 1)
    near = np.zeros(line.size, bool)
    rows, columns = np.divmod(np.flatnonzero(line), width)
    for step in steps:
        near[np.clip(rows + step, 0, height - 1) * width + columns] = True
    rows, columns = np.divmod(np.flatnonzero(near), width)
    for step in steps:
        near[rows * width + np.clip(columns + step, 0, width - 1)] = True
    return np.flatnonzero(near)


def _cover(picture: Picture, pixels: Pixels, colour: tuple[int, int, int], weight: float) -> None:
    flat = picture.reshape(-1, 3)
    flat[pixels] = np.rint((1 - weight) * flat[pixels] + weight * np.array(colour))


def _draw_letters(picture: Image.Image, letters: tuple[str, str, str, str]) -> None:
    draw, (width, height), inset = ImageDraw.Draw(picture), picture.size, LETTER_PX * 0.7
    places = [(inset, height / 2), (width - inset, height / 2), (width / 2, inset), (width / 2, height - inset)]
    for letter, place in zip(letters, places, strict=True):
        draw.text(place, letter, LETTERS, _font(LETTER_PX), anchor="mm", stroke_width=2, stroke_fill=EDGE)


def _side_by_side(tiles: list[Image.Image]) -> Image.Image:
    width = LARGE_PX[0] + GAP_PX + SMALL_PX[0]
    sheet = Image.new("RGB", (width, LARGE_PX[1]), "#000000")
    corners = [(0, 0, LARGE_PX), (LARGE_PX[0] + GAP_PX, 0, SMALL_PX)]
    corners.append((LARGE_PX[0] + GAP_PX, SMALL_PX[1] + GAP_PX, SMALL_PX))
    for tile, (x, y, room) in zip(tiles, corners, strict=True):
        sheet.paste(tile, (x + (room[0] - tile.width) // 2, y + (room[1] - tile.height) // 2))
    return sheet


def _lines(study: Study, prediction: Prediction, planes: list[Plane], model_name: str, case_id: str) -> list[_Line]:
    kinds = []
    if prediction.label_map is not None:
        kinds.append("labels proposed by the model")
    if prediction.heat is not None:
        kinds.append(f"heat map for {prediction.heat_for}: lines at 50 % and 80 % of its peak")
    overlay = "; ".join(kinds) or "no overlay"
    lines = [_Line(NOTICE, LETTERS), _Line(f"{case_id} · {model_name} · {overlay}"), _Line(_sides(study, planes))]
    for value, name in enumerate(prediction.labels if prediction.label_map is not None else (), start=1):
        volume = prediction.volumes_ml.get(name)
        amount = f"{prediction.voxels.get(name, 0)} voxels" if volume is None else f"{volume:.2f} mL"
        lines.append(_Line(f"{name}: {amount}", square=label_colour(value)))
    return lines + [_Line(text) for text in _findings(prediction)]


def _sides(study: Study, planes: list[Plane]) -> str:
    if study.kind is Kind.FILM:
        letters = planes[0].letters
        return "Side unknown" if letters is None else f"Sides from the header: left edge {letters[0]}"
    if planes[0].letters is None:
        return "Orientation unknown"
    slices = ", ".join(f"{plane.name} {plane.number}/{plane.of}" for plane in planes)
    return f"Patient right is on the left · {slices}"


def _findings(prediction: Prediction) -> list[str]:
    rows = []
    for name, score in prediction.scores.items():
        point = prediction.thresholds.get(name)
        threshold = None if point is None else point.threshold
        text = f"{name}: score {score:.2f}"
        if threshold is not None:
            side = "above" if bool(is_positive(score, threshold)) else "below"
            text += f", {side} threshold {threshold:.3f}"
        rows.append((score - (0.5 if threshold is None else threshold), text))
    return [text for _, text in sorted(rows, key=lambda row: -row[0])[:FINDINGS]]


def _with_text(sheet: Image.Image, lines: list[_Line]) -> Image.Image:
    """The picture with its text on black below: on the picture it would hide something and be hard to read."""
    font, step = _font(TEXT_PX), round(TEXT_PX * 1.45)
    needed = max(font.getlength(line.text) for line in lines) + 2 * MARGIN_PX + 1.5 * TEXT_PX
    width = max(sheet.width, round(needed))
    whole = Image.new("RGB", (width, sheet.height + len(lines) * step + 2 * MARGIN_PX), "#000000")
    whole.paste(sheet, ((width - sheet.width) // 2, 0))
    draw = ImageDraw.Draw(whole)
    for row, line in enumerate(lines):
        x, y = MARGIN_PX, sheet.height + MARGIN_PX + row * step
        if line.square:
            draw.rectangle((x, y + 5, x + TEXT_PX - 6, y + TEXT_PX - 1), fill=line.square)
            x += round(TEXT_PX * 1.2)
        draw.text((x, y), line.text, line.colour, font)
    return whole


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
