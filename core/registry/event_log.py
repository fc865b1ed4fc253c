"""The event log on disk: JSON lines that are only ever added to, one writer at a time, flushed before they count.

Owns the file and its lock. A line without its end was cut off before anybody was told that it is there: it is set
aside in `events.torn` by the next writer, and never read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.errors import RegistryError
from core.models.atomic import sync_folder
from core.registry.event import Draft, Event, Place, line_sha256, placed

MAX_LINE = 1 << 20
"""Bytes of one event: notes and settings fit, data does not belong there."""


class EventLog:
    """The log in a folder. Whoever appends holds `lock`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path, self.torn = folder / "events.jsonl", folder / "events.torn"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One writer at a time, in whatever process or thread.

        Raises
        ------
        RegistryError : the folder cannot be written.
        """
        try:
            fresh = not self.folder.is_dir()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if fresh:
                sync_folder(self.folder.parent)
            file = (self.folder / ".lock").open("ab")
        except OSError as error:
            raise _unwritten(error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def size(self) -> int:
        """Bytes of the log, a torn end included; 0 where there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def holds(self, place: Place) -> bool:
        """Whether the last line that was read is still the one that stands there."""
        if place.seq == 0:
            return True
        try:
            with self.path.open("rb") as file:
                file.seek(place.begin)
                return line_sha256(file.read(place.end - place.begin)) == place.sha256
        except FileNotFoundError:
            return False

    def read(self, place: Place) -> Iterator[tuple[Event, Place]]:
        """The whole lines behind a place, each checked against the one before it.

        Raises
        ------
        RegistryError : a line is not what was written.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(place.end)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                event = _checked(line, place)
                place = place.after(line)
                yield event, place

    def append(self, draft: Draft, place: Place) -> tuple[Event, Place]:
        """Add an event behind `place`, the end of the log; it is on the disk when this returns.

        Raises
        ------
        RegistryError : it is too long, or the disk is full or read-only; the log is then as it was.
        """
        event = placed(draft, place, datetime.now(UTC).isoformat(timespec="milliseconds"))
        line = event.line()
        if len(line) > MAX_LINE:
            raise RegistryError(
                found=f"The entry takes {len(line):,} bytes.",
                why=f"The event log keeps at most {MAX_LINE:,} bytes an entry.",
                do="Keep large notes in a file of their own, and name it here.",
            )
        try:
            self._write(line, place)
        except OSError as error:
            raise _unwritten(error) from error
        return event, place.after(line)

    def _write(self, line: bytes, place: Place) -> None:
        fresh = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._set_torn_aside(handle, place)
            try:
                os.lseek(handle, place.end, os.SEEK_SET)
                left = memoryview(line)
                while left:
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            except OSError:
                # Nobody was told of it, so it must not be there later.
                os.ftruncate(handle, place.end)
                raise
        finally:
            os.close(handle)
        if fresh:
            sync_folder(self.folder)

    def _set_torn_aside(self, handle: int, place: Place) -> None:
        rest = os.pread(handle, MAX_LINE, place.end)
        if not rest:
            return
        with self.torn.open("ab") as file:
            file.write(rest + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(handle, place.end)


def _checked(line: bytes, place: Place) -> Event:
    try:
        event = Event.of_line(line)
    except ValueError as error:
        raise _changed(place.seq + 1) from error
    if event.prev != place.sha256 or event.seq != place.seq + 1:
        # The line itself names its forerunner; where the two disagree the forerunner may be the changed one.
        raise _changed(place.seq or 1)
    return event


def _changed(seq: int) -> RegistryError:
    return RegistryError(
        found=f"The event log was changed at line {seq} after it was written.",
        why="A history that can be altered proves nothing, so nothing is read from it.",
        do="Restore registry/events.jsonl of the data folder from a backup.",
    )


def _unwritten(error: OSError) -> RegistryError:
    return RegistryError(
        found=f"The event log cannot be written: {error.strerror or 'input or output failed'}.",
        why="A change counts only when it is on the disk, so nothing was changed.",
        do="Make room in the data folder, or make it writable, and ask again.",
    )
