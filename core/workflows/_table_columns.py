"""What each kind of column of a cohort file may hold: ids, labels, patients, subgroups, scores.

Owns the sentences about single cells and the storage of a column: numbers as 64-bit arrays, repeated texts once.
Which columns a file needs is told by `cohort_file`.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.metrics.names import Names
from core.workflows._table_faults import Faults, echo
from core.workflows._table_rows import Cells

MISSING = frozenset({"", "na", "nan"})
"""Cells without a value, in any case of letters."""

LONGEST_MISSING = max(map(len, MISSING))

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_PERCENT = re.compile(r"([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+))\s*%", re.ASCII)

# Cells of these characters alone cannot be a word, an infinity or one of Python's own spellings (1_000).
_NUMERIC_ONLY = re.compile(r"[0-9.eE+\-]*")

NO_SCORE = (
    "no score. Use --missing drop to leave such cases out of every model, or --missing worst to count them as wrong."
)


def is_missing(text: str) -> bool:
    """Whether a trimmed cell has no value."""
    return text.lower() in MISSING


class Column:
    """One column as it is read. position : its number in the file, from 0."""

    def __init__(self, name: str, position: int, file: str) -> None:
        self.name, self.position = name, position
        self.faults = Faults(file)

    def take(self, rows: Sequence[int], cells: Cells) -> None:
        """The cells of the rows given, in order."""
        raise NotImplementedError

    def fault(self, row: int, said: str) -> None:
        """A fault of this column's cell in a row."""
        self.faults.of_cell(row, self.position, self.name, said)


class CaseIds(Column):
    """Identifiers, each once. rows : the row of each case, in order. `check_repeats` comes after the last row."""

    def __init__(self, name: str, position: int, file: str) -> None:
        super().__init__(name, position, file)
        self.rows = array("q")
        self._blocks: list[bytes] = []
        self._lengths = array("q")
        self._hashes = array("q")

    def take(self, rows: Sequence[int], cells: Cells) -> None:
        """Remember ids and tell which are empty."""
        ids = list(map(str.strip, cells))
        if min(map(len, ids)) <= LONGEST_MISSING:
            for row, case in zip(rows, ids, strict=True):
                if is_missing(case):
                    self.fault(row, "empty. Every case needs an identifier.")
        text = "".join(ids)
        self.rows.extend(rows)
        self._hashes.extend(map(hash, ids))
        self._lengths.extend(map(len, ids) if text.isascii() else [len(case.encode()) for case in ids])
        self._blocks.append(text.encode())

    @cached_property
    def names(self) -> Names:
        """The id of every row."""
        ends = np.cumsum(np.frombuffer(self._lengths, np.int64))
        return Names(b"".join(self._blocks), ends, np.frombuffer(self._hashes, np.int64))

    def check_repeats(self) -> None:
        """Tell which ids were used before."""
        for again, first in self.names.repeats():
            if not is_missing(case := self.names[again]):
                said = f'"{echo(case)}" was already used in row {self.rows[first]}. Each case may appear once.'
                self.fault(self.rows[again], said)


class Texts(Column):
    """Texts that repeat: labels, patients, subgroups. codes : for each row the number of its text, by first appearance.

    empty : the sentence about a missing cell, or None where one may be missing; a missing cell is the text "".
    """

    def __init__(self, name: str, position: int, file: str, empty: str | None = None) -> None:
        super().__init__(name, position, file)
        self.empty = empty
        self.codes = array("q")
        self._known: list[str] = []
        self._first = array("q")  # the row where each was first seen
        self._code_of: dict[str, int] = {}  # by the cell as it stands, and by its text
        self._missing: int | None = None

    def take(self, rows: Sequence[int], cells: Cells) -> None:
        """Remember each text once and its number for every row."""
        if all(cell in self._code_of for cell in set(cells)):
            self.codes.extend(map(self._code_of.__getitem__, cells))
            return
        known = self._code_of.get
        for row, cell in zip(rows, cells, strict=True):
            code = known(cell)
            self.codes.append(self._look(row, cell) if code is None else code)

    def _look(self, row: int, cell: str) -> int:
        """The number of a cell that is new, missing, or was met with other spaces around it."""
        text = cell.strip()
        missing = is_missing(text)
        if missing and self.empty is not None:
            self.fault(row, self.empty)
        text = "" if missing else text
        code = self._missing if missing else self._code_of.get(text)
        if code is None:
            code = len(self._known)
            self._known.append(text)
            self._first.append(row)
        if missing:  # looked at each time: each may be a fault of its own
            self._missing = code
        else:
            self._code_of[text] = self._code_of[cell] = code
        return code

    @property
    def first_row(self) -> dict[str, int]:
        """Text to the row where it was first seen, by first appearance."""
        return dict(zip(self._known, self._first, strict=True))

    @property
    def has_values(self) -> bool:
        """Whether any cell holds a text."""
        return any(self._known)

    @property
    def values(self) -> list[str]:
        """The texts seen, sorted; a missing cell is none."""
        return sorted(text for text in self._known if text)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of every row."""
        return tuple(map(self._known.__getitem__, self.codes))


class Scores(Column):
    """Numbers. values : one for every row, NaN where there is none. missing : faults if no cell may be missing.

    outside : the row and text of the first score that lies outside 0 to 1.
    """

    def __init__(self, name: str, position: int, file: str) -> None:
        super().__init__(name, position, file)
        self.values = array("d")
        self.missing = Faults(file)
        self.outside: tuple[int, str] | None = None

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The values as an array, (rows,)."""
        return np.frombuffer(self.values, np.float64) if self.values else np.zeros(0)

    @property
    def is_numeric(self) -> bool:
        """Whether every cell is a number or missing, and at least one is a number."""
        return not self.faults.count and self.missing.count < len(self.values)

    def missing_in(self, rows: Sequence[int], inside: NDArray[np.bool_] | None) -> Faults:
        """The faults of missing cells in these rows alone. rows : the row of each value; inside : (rows,) or all."""
        if inside is None:
            return self.missing
        told = Faults(self.faults.name)
        for index in np.flatnonzero(inside & np.isnan(self.numbers)).tolist():
            told.of_cell(rows[index], self.position, self.name, NO_SCORE)
        return told

    def outside_in(self, rows: Sequence[int], inside: NDArray[np.bool_] | None) -> tuple[int, str] | None:
        """The row and text of the first score outside 0 to 1 in these rows alone."""
        if inside is None or self.outside is None:
            return self.outside
        numbers = self.numbers
        found = np.flatnonzero(inside & ((numbers < 0) | (numbers > 1)))
        return (rows[int(found[0])], f"{numbers[found[0]]!s}") if found.size else None

    def take(self, rows: Sequence[int], cells: Cells) -> None:
        """Read the numbers, in one go where nothing about them is special."""
        if (numbers := _all_in_unit_range(cells)) is not None:
            self.values.extend(numbers)
            return
        for row, cell in zip(rows, cells, strict=True):
            self.values.append(self._number(row, cell.strip()))

    def _number(self, row: int, text: str) -> float:
        if _NUMBER.fullmatch(text):
            number = float(text)
            if math.isfinite(number):
                if self.outside is None and not 0 <= number <= 1:
                    self.outside = (row, text)
                return number
        if is_missing(text):
            self.missing.of_cell(row, self.position, self.name, NO_SCORE)
        else:
            self.fault(row, f'"{echo(text)}" {_what_it_is(text)}')
        return math.nan


def _all_in_unit_range(cells: Cells) -> list[float] | None:
    """The cells as numbers if all of them are plain numbers from 0 to 1; else each needs a look of its own."""
    if "" in cells or not _NUMERIC_ONLY.fullmatch("".join(cells)):
        return None
    try:
        numbers = list(map(float, cells))
    except ValueError:  # such as "1-2"
        return None
    return numbers if min(numbers) >= 0 and max(numbers) <= 1 else None


def _what_it_is(text: str) -> str:
    if _INFINITE.fullmatch(text) or _NUMBER.fullmatch(text):  # a number beyond 64 bits is infinite too
        return "is not a finite number."
    if _DECIMAL_COMMA.fullmatch(text):
        return f"has a comma as decimal mark. Write {echo(text.replace(',', '.'))}."
    if found := _PERCENT.fullmatch(text):
        share = Decimal(found[1].replace(",", ".")) / 100
        return f"has a percent sign. Write {echo(format(share.normalize(), 'f'))}."
    return "is not a number."
