"""`core.claims/1`: whether printed percentages can come from whole numbers of cases.

Owns the document and the file of claims. The arithmetic is `core.metrics.claims`'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.metrics.claims import Claim, Printed, claim, joint_two_classes
from core.workflows._table_faults import Faults, echo
from core.workflows._table_rows import Cells, open_table
from core.workflows.documents import Document, plain

FIGURE, PRINTED, CASES = "figure", "printed", "n"
"""Columns of a file of claims."""

SHARE_FIRST = re.compile(r"(\d+(?:\.\d+)?) ?% \((\d+) of (\d+)")
COUNTS_FIRST = re.compile(r"(\d+) of (\d+) \((\d+(?:\.\d+)?) ?%")

MOST_CASES = 10_000_000
"""A figure of so many cases fits so many counts that the question has lost its meaning."""


def claims_document(printed: Sequence[str], n: int) -> Document:
    """Each printed percentage of n cases by itself.

    Raises
    ------
    ValueError : n is out of range, or a text is no percentage; the message is for the one who asked.
    """
    _require_cases(n)
    return _document([("", claim(text, n)) for text in printed], [])


def joint_document(positives: int, recall: str, accuracy: str, macro_recall: str) -> Document:
    """The test sets of two classes on which all three figures hold together.

    positives : the size of the class whose recall is printed. Errors as `claims_document`.
    """
    _require_cases(positives)
    return _document([], [plain(found) for found in joint_two_classes(positives, recall, accuracy, macro_recall)])


def claims_file_document(path: Path) -> Document:
    """Each row of a file with the columns figure, printed and n.

    Raises
    ------
    TableError : with every fault of the file.
    """
    faults = Faults(path.name)
    found: list[tuple[str, Claim]] = []
    with open_table(path, faults) as table:
        for needed in (FIGURE, PRINTED, CASES):
            if needed not in table.columns:
                listed = ", ".join(echo(name) for name in table.columns if name)
                faults.of_table(f'there is no column "{needed}". The columns are: {listed}.', column=needed)
        faults.require_none()
        at = {name: table.columns.index(name) for name in (FIGURE, PRINTED, CASES)}
        for rows, cells in table.chunks():
            for row, figure, printed, n in zip(rows, *(cells[place] for place in at.values()), strict=True):
                found += _one(row, (figure, printed, n), at, faults)
    faults.require_none()
    return _document(found, [])


def claims_page_document(path: Path) -> Document:
    """Each percentage of a page that stands beside its counts, as in '96.6 % (373 of 386)' or '373 of 386 (96.6%)'.

    The figure is 'k of n' as printed, so that k can be held against the counts that are possible.

    Raises
    ------
    TableError : the page cannot be read, or a percentage is of no case or above 100.
    """
    faults = Faults(path.name)
    found: list[tuple[str, Claim]] = []
    try:
        shares = printed_shares(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        faults.of_table("the page cannot be read as UTF-8 text.")
        shares = []
    for printed, k, n in shares:
        try:
            found.append((f"{k} of {n}", claim(printed, int(n))))
        except ValueError as error:
            faults.of_table(f'"{printed} % ({k} of {n})": {error}.')
    faults.require_none()
    return _document(found, [])


def printed_shares(text: str) -> list[tuple[str, str, str]]:
    """The percentage, the hits and the cases, each as printed, wherever the three stand together."""
    found = [(share.start(), (share[1], share[2], share[3])) for share in SHARE_FIRST.finditer(text)]
    found += [(share.start(), (share[3], share[1], share[2])) for share in COUNTS_FIRST.finditer(text)]
    return [share for _, share in sorted(found)]


def _require_cases(n: int) -> None:
    if not 0 < n <= MOST_CASES:
        raise ValueError(f"{n} is not a number of cases from 1 to {MOST_CASES:,}")


def _one(row: int, cells: Cells, at: dict[str, int], faults: Faults) -> list[tuple[str, Claim]]:
    figure, printed, n = (cell.strip() for cell in cells)
    before = faults.count
    try:
        Printed.of(printed)
    except ValueError:
        faults.of_cell(row, at[PRINTED], PRINTED, f'"{echo(printed)}" is not a percentage written like 97.18.')
    if not (n.isascii() and n.isdigit() and len(n) < 9 and 0 < int(n) <= MOST_CASES):
        faults.of_cell(row, at[CASES], CASES, f'"{echo(n)}" is not a number of cases from 1 to {MOST_CASES:,}.')
    return [] if faults.count > before else [(figure, claim(printed, int(n)))]


def _document(claims: Sequence[tuple[str, Claim]], solutions: Sequence[Document]) -> Document:
    return {
        "schema": "core.claims/1",
        "claims": [plain(made) | ({"figure": figure} if figure else {}) for figure, made in claims],
        "solutions": list(solutions),
    }
