"""What lies in an owner's folder, told without pixels: a case (a study that was read) and an upload (not yet).

Owns the two records and their JSON. Where they lie and who may see them is left to `owner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from core.errors import Choice, ChoiceNeeded, ReadroomError
from core.studies.study import IngestReport, Kind, Study

_REPORT = TypeAdapter(IngestReport)


@dataclass(frozen=True, slots=True)
class Case:
    """One study of an owner. `made_of` names the cases that became its channels."""

    id: str
    kind: Kind
    channels: tuple[str, ...]
    report: IngestReport
    made_of: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The input's hash: results are bound to it."""
        return self.report.input_sha256

    @classmethod
    def of(cls, case_id: str, study: Study, made_of: tuple[str, ...] = ()) -> Case:
        """The record of a study."""
        return cls(case_id, study.kind, study.channels, study.report, made_of)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "channels": list(self.channels),
            "report": self.report.to_dict(),
            "made_of": list(self.made_of),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Case:
        """The record that `to_dict` wrote down."""
        return cls(
            plain["id"],
            Kind(plain["kind"]),
            tuple(plain["channels"]),
            _REPORT.validate_python(plain["report"]),
            tuple(plain["made_of"]),
        )


class UploadState(StrEnum):
    """Where an upload stands on its way to a case."""

    WAITING = "waiting"
    """Its bytes are here; nobody has looked at them yet."""
    CHOICE = "choice"
    """It holds several studies; the owner must say which."""
    REFUSED = "refused"
    """It cannot be read; its bytes are gone, the reason stays until the owner takes it away."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Files that belong together and are not a case yet.

    refusal : (found, why, do). keep_uids : the owner asked for it when bringing them.
    """

    id: str
    files: tuple[Path, ...]
    state: UploadState = UploadState.WAITING
    refusal: tuple[str, str, str] | None = None
    choices: tuple[Choice, ...] = ()
    keep_uids: bool = False

    def refused(self, error: ReadroomError) -> Upload:
        """The same upload after a refusal; one that lists choices waits for an answer instead."""
        sentences = (error.found, error.why, error.do)
        if isinstance(error, ChoiceNeeded):
            return replace(self, state=UploadState.CHOICE, refusal=sentences, choices=error.choices)
        return replace(self, files=(), state=UploadState.REFUSED, refusal=sentences, choices=())

    def without(self, choice: str) -> Upload:
        """The same upload with one choice less."""
        return self.divided(choice, ())

    def divided(self, choice: str, parts: Iterable[Choice]) -> Upload:
        """The same upload with the parts of a choice in its place; they come first, since they were asked for."""
        left = tuple(c for c in self.choices if c.id != choice)
        return replace(self, choices=(*parts, *left))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values; the files are those beside it, in the order of their neutral names."""
        return {
            "id": self.id,
            "state": self.state.value,
            "refusal": list(self.refusal) if self.refusal else None,
            "choices": [{"id": c.id, "what": c.what} for c in self.choices],
            "keep_uids": self.keep_uids,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], files: tuple[Path, ...]) -> Upload:
        """The record that `to_dict` wrote down, with the files that lie beside it."""
        refusal = plain["refusal"]
        return cls(
            plain["id"],
            files,
            UploadState(plain["state"]),
            (refusal[0], refusal[1], refusal[2]) if refusal else None,
            tuple(Choice(c["id"], c["what"]) for c in plain["choices"]),
            bool(plain.get("keep_uids")),
        )
