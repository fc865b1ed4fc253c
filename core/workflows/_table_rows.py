"""A CSV file as a stream of rows with a header: bytes, decoding, quoting and limits; no cell is judged here.

Owns what makes a file a table. What its columns must hold is told by `_table_columns` and by who reads it.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from core.workflows._table_faults import Faults

MAX_ROWS = 2_000_000
MAX_COLUMNS = 64
"""Limits of the safety page for one table."""

MAX_LINE = 2**20
"""Characters of one line: 64 ordinary cells are far below; a file without line ends must not fill memory."""

CHUNK = 4096
"""Rows handed on together, so that columns can be read in one go."""

BLOCK = 2**17
"""Bytes taken apart in one go where nothing about them is special: some thousand rows, in a few milliseconds."""

BOM = b"\xef\xbb\xbf"

# Python decodes a byte that is not UTF-8 to one of these, so that reading goes on and the row can be named.
_BYTE_KEPT = re.compile("[\udc80-\udcff]")
_BYTE_KEPT_FROM = 0xDC00

Cells = Sequence[str]


class TableRows:
    """A table's header and rows, read once from start to end.

    columns : the header's cells, trimmed. rows : data rows met so far. Rows at fault go to `faults`.

    Raises
    ------
    TableError : the file is empty, or its header cannot be read.
    """

    def __init__(self, file: BinaryIO, faults: Faults) -> None:
        self.faults = faults
        self.rows = 0
        self._file = file
        self._bad_byte: int | None = None
        self._text: TextIOWrapper | None = None
        self._line_of = 1  # the last row that was read, the header being 1
        self._reader = csv.reader(self._lines(), strict=True)
        self.columns = self._header()

    def chunks(self) -> Iterator[tuple[Sequence[int], list[Cells]]]:
        """Row numbers and, for each column, its cells; rows that are at fault are left out and told."""
        yield from self._plain_blocks()
        numbers: list[int] = []
        held: list[list[str]] = []
        for number, cells in self._sound_rows():
            numbers.append(number)
            held.append(cells)
            if len(held) == CHUNK:
                yield numbers, list(zip(*held, strict=True))
                numbers, held = [], []
        if held:
            yield numbers, list(zip(*held, strict=True))

    def _plain_blocks(self) -> Iterator[tuple[Sequence[int], list[Cells]]]:
        """Rows for as long as there is nothing to judge: no quotation mark, and as many cells as the header has.

        From the first block that is not so plain, reading goes on row by row.
        """
        width = len(self.columns)
        while self._text is None:
            start = self._file.tell()
            lines = _plain_lines(self._file, width)
            if not lines or self.rows + len(lines) > MAX_ROWS:
                self._file.seek(start)
                self._text = TextIOWrapper(self._file, "utf-8", "surrogateescape", newline="")
                return
            numbers = range(self._line_of + 1, self._line_of + 1 + len(lines))
            self.rows += len(lines)
            self._line_of += len(lines)
            cells = ",".join(lines).split(",")
            yield numbers, [cells[place::width] for place in range(width)]

    def _sound_rows(self) -> Iterator[tuple[int, list[str]]]:
        width, number, blank = len(self.columns), self._line_of, 0
        while (cells := self._next(number + 1)) is not None:
            number += 1
            if not cells:  # blank lines at the end are no rows; before another row they are
                blank += 1
                continue
            for row in range(number - blank, number):
                self.faults.of_row(row, f"0 fields where the header has {width}.")
            self.rows += 1 + blank
            blank = 0
            if self.rows > MAX_ROWS:
                self.faults.of_table(f"more than {MAX_ROWS:,} rows. Split it into several files.", line=number)
                return
            if self._told_bad_byte(number):
                continue
            if len(cells) != width:
                self.faults.of_row(number, f"{len(cells)} fields where the header has {width}.")
                continue
            yield number, cells
        if not self.rows and not self.faults.count:
            self.faults.of_table("there is a header and no case.", line=2)

    def _header(self) -> list[str]:
        cells = self._next(1)
        if not self.faults.count and not any(cell.strip() for cell in cells or ()):
            self.faults.of_table("the file is empty.")
        elif cells and not self._told_bad_byte(1) and len(cells) > MAX_COLUMNS:
            self.faults.of_table(f"{len(cells)} columns, where at most {MAX_COLUMNS} can be read. Remove some.")
        self.faults.require_none()
        return [cell.strip() for cell in cells or ()]

    def _told_bad_byte(self, row: int) -> bool:
        if self._bad_byte is None:
            return False
        self.faults.of_row(row, f"not UTF-8 text (byte 0x{self._bad_byte:02X}).")
        return True

    def _next(self, row: int) -> list[str] | None:
        """The next record; None at the end, or where the file stops being CSV."""
        self._bad_byte = None
        try:
            return next(self._reader, None)
        except csv.Error:
            self.faults.of_row(row, "not readable as CSV: a quotation mark is out of place, or the row is too long.")
            return None

    def _lines(self) -> Iterator[str]:
        while line := self._line():
            if len(line) == MAX_LINE:
                raise csv.Error
            if not line.isascii() and self._bad_byte is None and (found := _BYTE_KEPT.search(line)):
                self._bad_byte = ord(found[0]) - _BYTE_KEPT_FROM
            yield line

    def _line(self) -> str:
        """The next line with its end: of the header straight from the bytes, so that blocks can follow it."""
        if self._text is not None:
            return self._text.readline(MAX_LINE)
        line = self._file.readline(MAX_LINE)
        if b"\r" in line.removesuffix(b"\r\n"):  # old line ends: where a line ends is for the text layer to say
            self._file.seek(-len(line), os.SEEK_CUR)
            self._text = TextIOWrapper(self._file, "utf-8", "surrogateescape", newline="")
            return self._text.readline(MAX_LINE)
        return line.decode("utf-8", "surrogateescape")


def _plain_lines(file: BinaryIO, width: int) -> list[str]:
    """The rows of the next block, without line ends; none at the end, or where a block needs a closer look."""
    block = file.read(BLOCK)
    if len(block) == BLOCK:
        block += file.readline(MAX_LINE)
    block = block.replace(b"\r\n", b"\n").removesuffix(b"\n")
    if not block or width < 2 or b'"' in block or b"\r" in block or b"\0" in block:
        return []
    try:
        lines = block.decode().split("\n")
    except UnicodeDecodeError:
        return []
    commas = {line.count(",") for line in lines}
    return lines if commas == {width - 1} and max(map(len, lines)) < csv.field_size_limit() else []


@contextmanager
def open_table(path: Path, faults: Faults) -> Iterator[TableRows]:
    """The file's rows; a byte-order mark is skipped.

    Raises
    ------
    TableError : it is not there, cannot be opened, or has no header.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        faults.of_table("there is no such file." if missing else "the file cannot be opened.")
        faults.require_none()
        raise
    with file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        yield TableRows(file, faults)


def table_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
