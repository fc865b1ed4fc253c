"""The one door to the registry's truth: ask the tables, or change them by an event that is on the disk first.

Owns the order of the two (log, then tables) and what happens where the tables cannot be trusted or written: they are
thrown away and made anew, or made in memory. What may be asked and changed is told in the files beside this one.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from core.errors import RegistryError
from core.registry.event import Draft, Event, Place
from core.registry.event_log import EventLog
from core.registry.index import Index
from core.settings import settings

log = logging.getLogger(__name__)

T = TypeVar("T")

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""SQLite's codes for tables that are not what we made; the others say that the disk is full, read-only or away."""


class Pen:
    """What a change is given: the tables as they stand now, and the way to add events."""

    def __init__(self, log: EventLog, index: Index, place: Place) -> None:
        self._log, self._index, self._place = log, index, place
        self._behind, self.wrote = False, False

    @property
    def rows(self) -> sqlite3.Connection:
        """The tables, the events of this change included."""
        return self._index.rows

    def write(self, draft: Draft) -> Event:
        """Add an event; it is on the disk when this returns. Raises RegistryError where it cannot be."""
        event, self._place = self._log.append(draft, self._place)
        self.wrote = True
        try:
            if not self._behind:
                self._index.take(event, self._place)
        except sqlite3.Error:
            # It counts: it is in the log. The tables take it in when they are asked next.
            self._behind = True
            log.warning("the registry's tables are behind its log", exc_info=True)
        return event


class Ledger:
    """Log and tables of one data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = settings().home / "registry" if folder is None else folder
        self.log = EventLog(self.folder)
        self.index_path = self.folder / "index.sqlite"

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of the tables, with everything in them that was acknowledged before.

        Raises
        ------
        RegistryError : the log was changed after it was written.
        """

        def answered(in_memory: bool) -> T:
            with self._open(in_memory) as index:
                if self._is_behind(index):
                    self._catch_up(index)
                return question(index.rows)

        return self._tried(answered, lambda: True)

    def change(self, work: Callable[[Pen], T]) -> T:
        """Do `work` alone: no other writer changes anything between its questions and its events.

        Raises
        ------
        RegistryError : the log cannot be written, or was changed; or what `work` raises.
        """
        pens: list[Pen] = []

        def done(in_memory: bool) -> T:
            with self.log.lock(), self._open(in_memory) as index:
                pens.append(Pen(self.log, index, index.catch_up(self.log)))
                return work(pens[-1])

        return self._tried(done, lambda: not any(pen.wrote for pen in pens))

    def rebuild(self) -> int:
        """Make the tables anew from the log, accepting it as it is; the number of events in it.

        Raises
        ------
        RegistryError : a line of the log was changed after it was written; the tables are then left alone.
        """

        def made(in_memory: bool) -> int:
            with self.log.lock(), self._open(in_memory) as index:
                return index.rebuild(self.log).seq

        return self._tried(made, lambda: True)

    def check(self) -> int:
        """Read the log from its first line and hold the tables against it; the number of events.

        Raises
        ------
        RegistryError : a line was changed after it was written, or the tables say something else.
        """

        def compared(in_memory: bool) -> int:
            with self._open(in_memory) as index, closing(Index.in_memory()) as anew:
                if self._is_behind(index):
                    self._catch_up(index)
                read = anew.catch_up(self.log)
                if index.contents() != anew.contents():
                    raise RegistryError(
                        found="The registry's tables do not say what its event log says.",
                        why="They were changed by something else than this program.",
                        do="Make them anew: python -m core registry rebuild.",
                    )
                return read.seq

        return self._tried(compared, lambda: True)

    def _tried(self, work: Callable[[bool], T], may_repeat: Callable[[], bool]) -> T:
        """Once more where the tables are the trouble: made anew if they are damaged, in memory if the disk is."""
        try:
            return work(False)
        except sqlite3.DatabaseError as error:
            if not may_repeat():
                raise
            damaged = is_damage(error)
            log.warning("the registry's tables are %s: %s", "damaged" if damaged else "not to be written", error)
            if damaged:
                self._discard()
            return work(not damaged)

    def _is_behind(self, index: Index) -> bool:
        place = index.place()
        return place.end != self.log.size() or not self.log.holds(place)

    def _catch_up(self, index: Index) -> None:
        if not index.kept:
            index.catch_up(self.log)
            return
        # Not beside a writer: what it has not flushed yet may still be taken back.
        with self.log.lock():
            index.catch_up(self.log)

    @contextmanager
    def _open(self, in_memory: bool) -> Iterator[Index]:
        """The tables, held so that nobody throws them away meanwhile."""
        with self._held(fcntl.LOCK_SH) as ours:
            index = Index.on_disk(self.index_path) if ours and not in_memory else Index.in_memory()
            with closing(index):
                yield index

    @contextmanager
    def _held(self, how: int) -> Iterator[bool]:
        """Whether there is a folder of ours that can be written; if so nobody discards the tables meanwhile."""
        try:
            file = (self.folder / ".index-lock").open("ab")
        except OSError:
            yield False
            return
        with file:
            fcntl.flock(file, how)
            yield True

    def _discard(self) -> None:
        with self._held(fcntl.LOCK_EX) as ours:
            if ours:
                for end in ("", "-wal", "-shm"):
                    self.index_path.with_name(self.index_path.name + end).unlink(missing_ok=True)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the tables are not what we made, and not that the disk would not have them."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGED
