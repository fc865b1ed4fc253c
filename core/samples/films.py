"""A film drawn from an appearance, as a PNG that says in the picture and in the file what it is.

Owns size, brightness and lettering of a drawn film.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from core.samples.appearance import Appearance, draw
from core.samples.lettering import WORD

ROWS: Final = 448
"""Of a drawn film: twice the grid of the appearance."""

GRAIN: Final = 0.6
"""Share of the grain that is laid on: what the modes leave of a film is mostly ribs; noise of it looks like snow."""

BRIGHTNESS: Final = (0.3, 0.65)
SPREAD: Final = (0.14, 0.28)
"""Mean and spread of grey are kept where nearly all training films lie, so that neither end is cut."""


def write_film(path: Path, made: Appearance, seed: int, share: float) -> None:
    """Write the film of that seed; share : 0 drawn as the first class, 1 as the last. 8 bits, ROWS rows."""
    text = PngInfo()
    text.add_text("Comment", made.notice)
    Image.fromarray(draw_film(made, seed, share)).save(path, format="PNG", pnginfo=text)


def draw_film(made: Appearance, seed: int, share: float) -> NDArray[np.uint8]:
    """The film of that seed, (ROWS, columns): the same on every machine but for rounding."""
    drawn = draw(made, np.random.default_rng(seed), share=share)
    width, brightness, spread = drawn.facts
    grey = drawn.grey + GRAIN * drawn.grain
    grey = (grey - grey.mean()) / grey.std()
    grey = np.clip(brightness, *BRIGHTNESS) + np.clip(spread, *SPREAD) * grey
    columns = round(ROWS * float(np.exp(np.clip(width, 0.0, 0.6))))
    picture = Image.fromarray(grey.astype(np.float32)).resize((columns, ROWS), Image.Resampling.BICUBIC)
    film = Image.fromarray((255 * np.clip(np.asarray(picture), 0, 1)).astype(np.uint8))
    font = ImageFont.load_default(size=22)
    ImageDraw.Draw(film).text((10, 8), WORD, fill=235, font=font, stroke_width=1, stroke_fill=40)
    return np.asarray(film)
