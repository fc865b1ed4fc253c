"""Many short texts in one block of bytes: the ids of two million cases take a tenth of what as many strings take.

Owns the sequence. It is read like a tuple of texts; a text is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import IntArray


class Names(Sequence[str]):
    """Texts in order. block : their UTF-8 one after another. ends : (n,) where each ends in the block, rising.

    hashes : (n,) of the texts, where whoever had them in hand took them.
    """

    def __init__(self, block: bytes, ends: IntArray, hashes: IntArray | None = None) -> None:
        self._block, self._ends, self._hashes = block, ends, hashes
        self._repeats: list[tuple[int, int]] | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Names:
        """The same texts, kept as one block."""
        raw = [text.encode() for text in texts]
        return cls(b"".join(raw), np.cumsum([len(each) for each in raw], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Names: ...
    def __getitem__(self, index: int | slice) -> str | Names:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        number = range(len(self))[index]
        start = 0 if number == 0 else int(self._ends[number - 1])
        return self._block[start : int(self._ends[number])].decode()

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends.tolist():
            yield self._block[start:end].decode()
            start = end

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Names):
            return self._block == other._block and bool(np.array_equal(self._ends, other._ends))
        if isinstance(other, tuple | list):
            return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self._block, len(self)))

    def take(self, rows: ArrayLike) -> Names:
        """The texts of these rows, in that order."""
        wanted = np.asarray(rows, np.int64)
        if np.array_equal(wanted, np.arange(len(self))):
            return self
        return Names.of([self[int(row)] for row in wanted])

    def repeats(self) -> list[tuple[int, int]]:
        """Each row whose text came before, with the row where it came first; rising."""
        if self._repeats is None:
            self._repeats = self._found_repeats()
        return self._repeats

    def _found_repeats(self) -> list[tuple[int, int]]:
        hashes = self._hashes
        if hashes is None:
            hashes = np.fromiter(map(hash, self), np.int64, len(self))
        order = np.argsort(hashes, kind="stable")
        same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
        suspects = np.unique(np.concatenate([order[same], order[same + 1]]))  # equal hashes; the texts decide
        first: dict[str, int] = {}
        return [(row, known) for row in suspects.tolist() if (known := first.setdefault(self[row], row)) != row]
