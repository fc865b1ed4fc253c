"""One line of the event log: who did what, when, to what, with which hashes before and after, and why.

Owns the form of a line and the chain: each line holds the hash of the line before it, so that a changed or missing
one is noticed. Where lines lie and how they get there is `event_log`'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.models.strict_json import canonical_json

GENESIS = "0" * 64
"""What stands for the line before the first."""


class What(StrEnum):
    """The events that change the tables. Others may stand in the log; they are history and nothing else."""

    MODEL_CREATED = "model created"
    MODEL_CHANGED = "model changed"
    MODEL_DELETED = "model deleted"
    SLICE_CREATED = "slice created"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    REGISTERED = "registered"
    STAGE = "stage changed"
    ALIAS_SET = "alias set"
    ALIAS_REMOVED = "alias removed"


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its place: `subject` is a model's or slice's id, before and after are SHA-256 in hex.

    data : JSON-ready values from which the tables can be made again.
    """

    what: str
    subject: str
    who: str
    reason: str = ""
    before: str | None = None
    after: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the log. seq : from 1. when : ISO 8601 in UTC. prev : SHA-256 of the line before it."""

    seq: int
    when: str
    who: str
    what: str
    subject: str
    before: str | None
    after: str | None
    reason: str
    data: Mapping[str, Any]
    prev: str

    def line(self) -> bytes:
        """The event as it stands in the log, with its line end."""
        return canonical_json({name: getattr(self, name) for name in self.__slots__}).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Event:
        """The event of a line.

        Raises
        ------
        ValueError : it is none.
        """
        plain = json.loads(line)
        try:
            return cls(**plain)
        except TypeError as error:
            raise ValueError(f"not an event: {error}") from error


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log was read: number and hash of the last whole line, and the bytes where it begins and ends."""

    seq: int = 0
    sha256: str = GENESIS
    begin: int = 0
    end: int = 0

    def after(self, line: bytes) -> Place:
        """The place behind one more line."""
        return Place(self.seq + 1, line_sha256(line), self.end, self.end + len(line))


def line_sha256(line: bytes) -> str:
    """What the next line must name as the one before it."""
    return hashlib.sha256(line).hexdigest()


def placed(draft: Draft, place: Place, when: str) -> Event:
    """The draft as the event that follows `place`."""
    return Event(
        place.seq + 1, when, draft.who, draft.what, draft.subject, draft.before, draft.after, draft.reason,
        draft.data, place.sha256,
    )  # fmt: skip
