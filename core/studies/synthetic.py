"""Made-up studies drawn by formula, for tests and benchmarks: a film, a crop, and a marked head.

Owns drawing them from a seed. Nothing here is derived from a person; to a trained network they mean nothing. What one
click on the Upload page opens is `core.samples`' matter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

WORD: Final = "SYNTHETIC"
FILM_SHAPE: Final = (640, 560)
VOLUME_SHAPE: Final = (37, 50, 36)

PHANTOM_MARKERS: Final = {
    "left": ((-18.0, 0.0, 0.0), 900.0),
    "front": ((0.0, 20.0, 0.0), 700.0),
    "top": ((0.0, 0.0, 14.0), 500.0),
}
"""Where the phantom's markers lie (RAS+ mm) and their value: on the patient's left, in front and at the top."""

_PHANTOM_SHAPE: Final = (26, 24, 20)
_PHANTOM_SPACING_MM: Final = (2.0, 2.5, 2.0)
_GLYPHS: Final = {
    "S": "### #.. ### ..# ###", "Y": "#.# #.# ### .#. .#.", "N": "##. #.# #.# #.# #.#", "T": "### .#. .#. .#. .#.",
    "H": "#.# #.# ### #.# #.#", "E": "### #.. ##. #.. ###", "I": "### .#. .#. .#. ###", "C": "### #.. #.. #.. ###",
}  # fmt: skip
"""Letters of 3 x 5 cells: the word then is 35 cells wide, as wide as a hippocampus crop."""


def synthetic_film(path: Path, seed: int) -> None:
    """Write a PNG that looks like a chest film from afar and carries the word SYNTHETIC.

    8 bits, FILM_SHAPE (rows, columns).
    """
    rng = np.random.default_rng(seed)
    rows, columns = FILM_SHAPE
    y, x = np.mgrid[0:rows, 0:columns]
    x, y = (x - columns / 2) / columns, (y - rows / 2) / rows
    grey = 150.0 * np.exp(-((x / 0.46) ** 6) - (y / 0.62) ** 8)
    for side in (-1, 1):
        lung = np.exp(-((((x - side * 0.2) / 0.15) ** 2 + ((y + 0.02) / 0.3) ** 2) ** 3))
        grey -= rng.uniform(80, 95) * lung
    for rib in range(9):
        arc = y + 0.33 - rib * 0.075 - 0.35 * x**2
        grey += 16.0 * np.exp(-((arc / 0.009) ** 2)) * (np.abs(x) < 0.38)
    grey += 55.0 * np.exp(-((x / 0.045) ** 2)) + 60.0 * np.exp(-(((x - 0.07) / 0.14) ** 2 + ((y - 0.14) / 0.13) ** 2))
    grey += gaussian_filter(rng.normal(0, 60, FILM_SHAPE), 6) + rng.normal(0, 3, FILM_SHAPE)
    picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    font = ImageFont.load_default(size=34)
    ImageDraw.Draw(picture).text((columns / 2, 40), WORD, fill=255, font=font, anchor="mm", stroke_width=1)
    picture.save(path, format="PNG")


def synthetic_volume(path: Path, seed: int) -> None:
    """Write a .nii.gz laid out like the crop round a hippocampus: a bent body, head in front, fluid over it.

    The word stands in front in each axial slice; what a network makes of it is no measure of the network.

    int16, VOLUME_SHAPE (i, j, k), 1 mm, RAS.
    """
    rng = np.random.default_rng(seed)
    i, j, k = (axis - size / 2 for axis, size in zip(np.indices(VOLUME_SHAPE), VOLUME_SHAPE, strict=True))
    along = j / 20.0  # -1 at the tail, 1 at the head
    width = 8.6 * (0.75 + 0.45 * np.maximum(along, 0) ** 2 + 0.1 * (1 - np.abs(along)))
    across, up = i - 5.9 * along, k + 5.8 + 3.4 * along
    ends = 6 * np.maximum(np.abs(along) - 0.55, 0) ** 2
    body = (across / width) ** 2 + (up / (0.53 * width)) ** 2 + ends < 1
    fluid = (across / (width + 1.3)) ** 2 + ((up - 1) / (0.53 * width + 1.3)) ** 2 + ends < 1
    white = 155.0 + gaussian_filter(rng.normal(0, 23, VOLUME_SHAPE), 2)
    values = np.select([body & (np.abs(along) < 0.95), fluid & (up > 0)], [140.0, 17.0], white)
    values = gaussian_filter(values, 0.8) + rng.normal(0, 3, VOLUME_SHAPE)
    values[_word_mask()] = 230.0
    image = nib.Nifti1Image(np.clip(values, 0, 255).astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def _word_mask() -> NDArray[np.bool_]:
    """The word in each axial slice, readable in radiological display: to its right lies the patient's left."""
    mask = np.zeros(VOLUME_SHAPE, dtype=bool)
    for place, letter in enumerate(WORD):
        for row, cells in enumerate(_GLYPHS[letter].split()):
            for column, cell in enumerate(cells):
                if cell == "#":
                    mask[VOLUME_SHAPE[0] - 2 - (4 * place + column), VOLUME_SHAPE[1] - 2 - row, :] = True
    return mask


def phantom_head(path: Path, axis_codes: str = "RAS") -> None:
    """Write a marked, lopsided head as NIfTI with its axes in the given order and directions.

    axis_codes : three letters such as 'LPS'. The 48 files of all codes hold equal values at equal places in the
    world; PHANTOM_MARKERS tells three of them.
    """
    spacing = np.array(_PHANTOM_SPACING_MM)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -spacing * (np.array(_PHANTOM_SHAPE) // 2)
    world = np.indices(_PHANTOM_SHAPE).reshape(3, -1).T * spacing + affine[:3, 3]
    x, y, z = world.T
    values = 100.0 * ((x / 25) ** 2 + (y / 29) ** 2 + (z / 19) ** 2 < 1) + 0.5 * (x + 30) + 0.25 * (y + 30)
    for place, value in PHANTOM_MARKERS.values():
        values[(np.abs(world - place) <= spacing).all(axis=1)] = value
    head = values.reshape(_PHANTOM_SHAPE).astype(np.float32)
    turn = ornt_transform(io_orientation(affine), axcodes2ornt(tuple(axis_codes)))
    turned = nib.orientations.apply_orientation(head, turn)
    image = nib.Nifti1Image(np.ascontiguousarray(turned), affine @ inv_ornt_aff(turn, _PHANTOM_SHAPE))
    nib.save(image, path)
