"""A study as a small picture for a gallery, with a heat map over it where one is asked for.

Owns the size and the colours of the heat. It is for the screen; pictures to keep are `overlay`'s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.render.planes import greys, planes_of
from core.render.png import png_bytes
from core.studies.study import Study

HEAT_FROM = 0.3
"""Share of the heat map's peak below which nothing is drawn."""

HEAT_COVER = 0.75
"""How much of the picture the hottest place covers."""

AMBER, PALE = np.array((255.0, 179.0, 71.0)), np.array((255.0, 224.0, 138.0))


def thumbnail_png(study: Study, side_px: int, heat: NDArray[np.float32] | None = None) -> bytes:
    """A PNG with a longer side of `side_px`: the film, or the axial slice of a volume with most heat, else the middle.

    heat : 0..1 on the study's own grid.
    """
    plane = planes_of(study, heat)[0]
    shown: NDArray[Any] = np.repeat(greys(plane.cut(study.pixels[0]), study.windows[0])[..., None], 3, axis=2)
    if heat is not None:
        shown = _with_heat(shown, plane.cut(heat))
    height, width = (size * mm for size, mm in zip(shown.shape, plane.mm, strict=False))
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return png_bytes(np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.LANCZOS)))


def _with_heat(shown: NDArray[Any], heat: NDArray[Any]) -> NDArray[Any]:
    hot = np.clip((heat - HEAT_FROM) / (1 - HEAT_FROM), 0.0, 1.0)[..., None]
    cover = HEAT_COVER * hot
    mixed: NDArray[Any] = (1 - cover) * shown + cover * ((1 - hot) * AMBER + hot * PALE)
    whole: NDArray[Any] = np.rint(mixed).astype(np.uint8)
    return whole
