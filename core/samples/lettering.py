"""The word that every sample carries in its pixels, in letters of few cells for small slices.

Owns the letters. A film has room for a typeface, and sets the word in one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD: Final = "SYNTHETIC"

_GLYPHS: Final = {
    "S": "### #.. ### ..# ###", "Y": "#.# #.# ### .#. .#.", "N": "##. #.# #.# #.# #.#", "T": "### .#. .#. .#. .#.",
    "H": "#.# #.# ### #.# #.#", "E": "### #.. ##. #.. ###", "I": "### .#. .#. .#. ###", "C": "### #.. #.. #.. ###",
}  # fmt: skip
"""Letters of 3 x 5 cells: the word then is 35 cells wide, as wide as a hippocampus crop."""


def word_cells(cell: int = 1) -> NDArray[np.bool_]:
    """The word as it is read, (5 * cell rows, 35 * cell columns)."""
    rows = [[[c == "#" for c in row] for row in _GLYPHS[letter].split()] for letter in WORD]
    letters = [np.pad(np.array(one, bool), ((0, 0), (0, 1))) for one in rows]
    word = np.hstack(letters)[:, :-1]
    return np.kron(word, np.ones((cell, cell), bool)).astype(bool)


def word_in_slices(shape: tuple[int, int, int], cell: int = 1) -> NDArray[np.bool_]:
    """The word in each axial slice of a RAS volume, in front at the patient's right, as radiological display shows it.

    There the left edge of the picture is the patient's right, and the front is on top.
    """
    word = word_cells(cell)
    plane = np.zeros(shape[:2], bool)
    rows, columns = word.shape
    plane[shape[0] - 1 - columns : shape[0] - 1, shape[1] - 1 - rows : shape[1] - 1] = word[::-1, ::-1].T
    return np.repeat(plane[:, :, None], shape[2], axis=2)
