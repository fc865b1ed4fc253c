"""A volume's slice where two masks differ most, with the outline of each, as a small picture for a gallery.

Owns the lines. They are drawn at the picture's size, so that a coarse grid does not swallow them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from core.render.palette import EDGE, PREDICTED_LINE, REFERENCE_LINE, rgb
from core.render.planes import greys, planes_of
from core.render.png import png_bytes
from core.studies.study import Study

Mask = NDArray[np.bool_]  # on the study's own grid


def outlines_png(study: Study, side_px: int, reference: Mask, predicted: Mask) -> bytes:
    """A PNG with a longer side of `side_px`: the axial slice with most voxels in one mask alone, else most of both.

    Raises
    ------
    ValueError : a mask lies on another grid.
    """
    for mask in (reference, predicted):
        if mask.shape != study.shape:
            raise ValueError(f"the mask lies on {mask.shape}, the study on {study.shape}")
    apart = reference != predicted
    plane = planes_of(study, (apart if apart.any() else reference).astype(np.uint8))[0]
    shown = Image.fromarray(greys(plane.cut(study.pixels[0]), study.windows[0]))
    width, height = (size * mm for size, mm in zip(shown.size, plane.mm[::-1], strict=True))
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = np.asarray(shown.resize(size, Image.Resampling.LANCZOS).convert("RGB")).copy()
    for mask, colour in ((reference, REFERENCE_LINE), (predicted, PREDICTED_LINE)):
        _draw(picture, _line(plane.cut(mask), size), colour)
    return png_bytes(picture)


def _line(mask: NDArray[Any], size: tuple[int, int]) -> Mask:
    """The inner edge of a mask at the picture's size."""
    large = np.asarray(Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)).astype(bool)
    edge: Mask = large & ~binary_erosion(large, border_value=1)
    return edge


def _draw(picture: NDArray[np.uint8], line: Mask, colour: str) -> None:
    picture[binary_dilation(line) & ~line] = rgb(EDGE)
    picture[line] = rgb(colour)
