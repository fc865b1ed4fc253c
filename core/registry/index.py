"""Tables over the event log, in one SQLite file that can be thrown away at any time.

Owns the file, its schema and how far the log is in it. What an event does to the tables is `projection`'s. There
are no migrations: another schema number, or a damaged file, and the tables are made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import RegistryError
from core.registry.event import Event, Place
from core.registry.event_log import EventLog
from core.registry.projection import apply

SCHEMA_NUMBER = 1

BUSY_S = 30.0
"""How long one process waits for another's write to the tables."""

SCHEMA = (
    # `models` is narrow, so that a filter reads little; the rest of a record is JSON in `bodies`.
    """CREATE TABLE models (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dataset_id TEXT NOT NULL,
       name_key TEXT NOT NULL, baseline_key TEXT NOT NULL, is_trained INTEGER NOT NULL, is_pinned INTEGER NOT NULL,
       deleted INTEGER NOT NULL, average_ap REAL)""",
    "CREATE INDEX models_page ON models (dataset_id, deleted)",
    "CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE datasets (id TEXT PRIMARY KEY, models INTEGER NOT NULL)",
    """CREATE TABLE slices (seq INTEGER PRIMARY KEY, dataset_id TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
       UNIQUE (dataset_id, id))""",
    """CREATE TABLE versions (id TEXT PRIMARY KEY, name TEXT NOT NULL, major INTEGER NOT NULL, minor INTEGER NOT NULL,
       patch INTEGER NOT NULL, stage TEXT NOT NULL, file_sha256 TEXT NOT NULL, weights_sha256 TEXT NOT NULL,
       architecture TEXT NOT NULL, who TEXT NOT NULL, "when" TEXT NOT NULL)""",
    "CREATE INDEX versions_name ON versions (name)",
    """CREATE TABLE aliases (seq INTEGER PRIMARY KEY, name TEXT NOT NULL, alias TEXT NOT NULL, id TEXT NOT NULL,
       since TEXT NOT NULL, until TEXT)""",
    "CREATE INDEX aliases_name ON aliases (name, alias)",
    "CREATE TABLE pins (id TEXT PRIMARY KEY)",
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, line TEXT NOT NULL)",
    "CREATE INDEX events_subject ON events (subject)",
    'CREATE TABLE place (only_one INTEGER PRIMARY KEY, seq INTEGER, sha256 TEXT, "begin" INTEGER, "end" INTEGER)',
    "INSERT INTO place SELECT 1, 0, '', 0, 0",
)


class Index:
    """The tables, open. `rows` is the connection to ask; kept : whether a file holds them."""

    def __init__(self, rows: sqlite3.Connection, *, kept: bool) -> None:
        self.rows, self.kept = rows, kept
        rows.row_factory = sqlite3.Row

    @classmethod
    def on_disk(cls, path: Path) -> Index:
        """The tables in that file, made if they are not there or of another schema; raises sqlite3.Error."""
        index = cls(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None), kept=True)
        try:
            index.rows.execute("PRAGMA journal_mode = WAL")
            # The log is flushed before the tables hear of it, so they need not be.
            index.rows.execute("PRAGMA synchronous = NORMAL")
            if index._schema_number() != SCHEMA_NUMBER:
                with index._transaction():
                    if index._schema_number() != SCHEMA_NUMBER:
                        index._make_tables()
        except BaseException:
            index.rows.close()
            raise
        return index

    @classmethod
    def in_memory(cls) -> Index:
        """Empty tables that no file holds: where the folder cannot be written, or nothing was ever registered."""
        index = cls(sqlite3.connect(":memory:", isolation_level=None), kept=False)
        index._make_tables()
        return index

    def place(self) -> Place:
        """How far the log is in the tables."""
        seq, sha256, begin, end = self.rows.execute('SELECT seq, sha256, "begin", "end" FROM place').fetchone()
        return Place(seq, sha256, begin, end) if seq else Place()

    def catch_up(self, log: EventLog) -> Place:
        """Take in what the log holds beyond the tables; all of it or nothing.

        Raises
        ------
        RegistryError : the log is not the one that the tables were made from, or a line of it was changed.
        """
        with self._transaction():
            start = self.place()
            if not log.holds(start):
                raise other_log(start.seq)
            return self._take(log, start)

    def rebuild(self, log: EventLog) -> Place:
        """Throw the tables away and make them of the log; raises RegistryError where a line of it was changed."""
        with self._transaction():
            self._make_tables()
            return self._take(log, Place())

    def take(self, event: Event, place: Place) -> None:
        """Take in one event that was just written, whose end is `place`."""
        with self._transaction():
            apply(self.rows, event)
            self._note(place)

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:  # Any: SQLite's values
        """Every row of every table, in order: equal logs give equal contents."""
        named = self.rows.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {
            name: sorted((tuple(row) for row in self.rows.execute(f'SELECT * FROM "{name}"')), key=repr)  # noqa: S608
            for (name,) in named
        }

    def close(self) -> None:
        """Let go of the file."""
        self.rows.close()

    def _take(self, log: EventLog, place: Place) -> Place:
        start = place
        for event, reached in log.read(start):
            try:
                apply(self.rows, event)
            except (KeyError, TypeError, ValueError, sqlite3.IntegrityError) as error:
                raise _not_understood(event) from error
            place = reached
        if place != start:
            self._note(place)
        return place

    def _note(self, place: Place) -> None:
        values = (place.seq, place.sha256, place.begin, place.end)
        self.rows.execute('UPDATE place SET seq = ?, sha256 = ?, "begin" = ?, "end" = ?', values)

    def _schema_number(self) -> int:
        found: int = self.rows.execute("PRAGMA user_version").fetchone()[0]
        return found

    def _make_tables(self) -> None:
        names = self.rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            self.rows.execute('DROP TABLE "{}"'.format(name.replace('"', '""')))
        for statement in SCHEMA:
            self.rows.execute(statement)
        self.rows.execute(f"PRAGMA user_version = {SCHEMA_NUMBER}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.rows.execute("ROLLBACK")
            raise
        self.rows.execute("COMMIT")


def other_log(seq: int) -> RegistryError:
    """The refusal where a line that was read before is not there any more."""
    return RegistryError(
        found=f"Line {seq} of the event log is not the one that was read before.",
        why="Somebody changed or removed what had been acknowledged, or put an older log in its place.",
        do="Restore registry/events.jsonl from a backup, or accept the log as it is: python -m core registry rebuild.",
    )


def _not_understood(event: Event) -> RegistryError:
    return RegistryError(
        found=f"Line {event.seq} of the event log ({event.what[:40]}) does not fit the lines before it.",
        why="Another version of this program wrote it, or it was put together by hand.",
        do="Use the version that wrote it, or restore registry/events.jsonl from a backup.",
    )
