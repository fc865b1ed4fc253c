"""What is wrong with a table, in the order in which a person reads it: the first twenty told, the rest counted.

Owns order, count and the place in a sentence. The sentences themselves stand where each fault is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import TableError, TableFault

LISTED = 20
"""Faults told one by one."""

ECHO = 60
"""Characters of a foreign cell repeated in a message."""

WHOLE_ROW = -1
"""The column number of a fault of a whole row: before its cells."""

Found = tuple[int, int, TableFault]  # row and column number to sort by, and the fault


@dataclass(slots=True)
class Faults:
    """The first faults in reading order, and how many there are. name : the file's, as it is shown."""

    name: str
    count: int = 0
    first: list[Found] = field(default_factory=list)

    def of_table(self, said: str, *, line: int = 1, position: int = WHOLE_ROW, column: str | None = None) -> None:
        """A fault of the table, found in `line`: the sentence itself says where. column : told to programs."""
        self._add((line, position, TableFault(None, column, f"{self.name}: {said}")))

    def of_column(self, position: int, column: str, said: str) -> None:
        """A fault of a whole column: told with the header."""
        self._add((1, position, TableFault(None, column, f'{self.name}, column "{column}": {said}')))

    def of_row(self, row: int, said: str) -> None:
        """A fault of a row that cannot be taken apart."""
        self._add((row, WHOLE_ROW, TableFault(row, None, f"{self.name}, row {row}: {said}")))

    def of_cell(self, row: int, position: int, column: str, said: str) -> None:
        """A fault of one cell."""
        self._add((row, position, TableFault(row, column, f'{self.name}, row {row}, column "{column}": {said}')))

    def of_cells(self, row: int, position: int, columns: Sequence[str], said: str) -> None:
        """A fault of several cells of one row together, told at the first of them."""
        names = ", ".join(f'"{column}"' for column in columns)
        text = f"{self.name}, row {row}, columns {names}: {said}"
        self._add((row, position, TableFault(row, ", ".join(columns), text)))

    def joined(self, others: Sequence[Faults]) -> Faults:
        """These and others, in order."""
        together = [held for faults in (self, *others) for held in faults.first]
        together.sort(key=_place)
        return Faults(self.name, sum(faults.count for faults in (self, *others)), together[:LISTED])

    def require_none(self) -> None:
        """Raise TableError if there is a fault."""
        if not self.count:
            return
        told = [fault for _, _, fault in self.first]
        if self.count > len(told):
            told.append(TableFault(None, None, f"{self.name}: {self.count - len(told)} more faults."))
        raise TableError(tuple(told))

    def _add(self, found: Found) -> None:
        self.count += 1
        if len(self.first) < LISTED or _place(found) < _place(self.first[-1]):
            self.first.append(found)
            self.first.sort(key=_place)
            del self.first[LISTED:]


def echo(text: str) -> str:
    """A foreign cell for a message, cut where it is long."""
    return text if len(text) <= ECHO else f"{text[:ECHO]}…"


def _place(found: Found) -> tuple[int, int]:
    return found[:2]
