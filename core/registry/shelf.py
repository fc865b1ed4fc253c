"""Registered versions of the shelf's checkpoints: their stages, aliases, pins and history, asked and changed.

Owns the rules of a version: it is registered once and never changes, another architecture is another major version,
stages and aliases move by events with a reason. Models come in as handles; finding them is `core.models.catalog`'s.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import RegistryError
from core.models.model import Model
from core.registry.actor import actor
from core.registry.architecture import architecture_facts, differences
from core.registry.event import Draft, Event, What
from core.registry.ledger import Ledger, Pen
from core.registry.model_service import SHELF
from core.registry.models import entities
from core.registry.promotion import Check, checks, hash_problem
from core.registry.stages import Stage, step_problem
from core.registry.versions import Number, VersionId, address, alias_name, version_id


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version as it stands now. who, when : of the registration; when in ISO 8601, UTC."""

    id: str
    name: str
    number: Number
    stage: Stage
    file_sha256: str
    weights_sha256: str
    who: str
    when: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A time in which a version answered under an alias. until : None while it does."""

    id: str
    since: str
    until: str | None


class Shelf:
    """Registered versions of the data folder. who : whose name the events carry; None: this account's."""

    def __init__(self, who: str | None = None, ledger: Ledger | None = None) -> None:
        self._who, self._ledger = actor(who), ledger or Ledger()

    # Asking.

    def versions(self) -> dict[str, Version]:
        """Every registered version by id."""
        return self._ledger.ask(_versions)

    def version(self, model_id: str) -> Version:
        """The registered version of that id; raises RegistryError."""
        return self._ledger.ask(lambda rows: _known(rows, model_id))

    def pins(self) -> frozenset[str]:
        """Ids that are pinned, whether registered or not."""
        return self._ledger.ask(lambda rows: frozenset(name for (name,) in rows.execute("SELECT id FROM pins")))

    def history(self, subject: str) -> list[Event]:
        """What happened to a model or slice, oldest first."""
        sql = "SELECT line FROM events WHERE subject = ? ORDER BY seq"
        return self._ledger.ask(
            lambda rows: [Event.of_line(line.encode()) for (line,) in rows.execute(sql, (subject,))]
        )

    def find(self, text: str) -> str:
        """The id behind an address; raises RegistryError where no version has that alias."""
        asked = address(text)
        return str(asked.version) if asked.version else self._ledger.ask(lambda rows: _by_alias(rows, text))

    def answered(self, text: str, begin: datetime, end: datetime) -> list[Answered]:
        """Which versions answered under `models:/name@alias` between two times with their zones, in order."""
        asked = address(text)
        if asked.alias is None:
            raise RegistryError(
                found=f"{text[:100]} names one version.",
                why="A version answers for itself on every day; only an alias moves.",
                do="Ask with models:/name@alias.",
            )
        sql = (
            "SELECT id, since, until FROM aliases WHERE name = ? AND alias = ? AND since < ?"
            " AND (until IS NULL OR until > ?) ORDER BY seq"
        )
        first, last = (moment.astimezone(UTC).isoformat(timespec="milliseconds") for moment in (begin, end))
        values = (asked.name, asked.alias, last, first)
        return self._ledger.ask(lambda rows: [Answered(*row) for row in rows.execute(sql, values)])

    def reasons(self, model_id: str, model: Model | None, stage: Stage, reviewer: str = "") -> list[Check]:
        """What must hold before a version reaches a stage, each with what was found; the step itself first.

        model : None where its file is gone.
        """
        return _reasons(self.version(model_id), model, stage, reviewer)

    # Changing.

    def register(self, model: Model, reason: str) -> Version:
        """Write a checkpoint down as a version that cannot change, in Development.

        Raises
        ------
        RegistryError : its id names no version, it cannot be used, it is registered already, or its architecture is
            another one than that of its major version.
        """
        named = version_id(model.id)
        if problem := hash_problem(model, model.file_sha256):
            raise RegistryError(
                found=problem, why="Only a file that is whole can be registered.", do="Restore it, then register it."
            )
        facts = architecture_facts(model)

        def write(pen: Pen) -> Version:
            _require_new(pen.rows, model)
            _require_same_architecture(pen.rows, named, facts)
            data = {"version": _version_data(model, named, facts), "record": _record(model, self._who)}
            pen.write(Draft(What.REGISTERED, model.id, self._who, reason, after=model.file_sha256, data=data))
            return _known(pen.rows, model.id)

        return self._ledger.change(write)

    def change_stage(
        self, model_id: str, model: Model | None, stage: Stage, reason: str, reviewer: str = ""
    ) -> Version:
        """Move a version to a stage. model : None where its file is gone: it can still be retired.

        Raises
        ------
        RegistryError : a check of the gate fails (all that fail are named), no reason is given, or a version that
            retires still answers under an alias.
        """
        _require_reason(reason)

        def move(pen: Pen) -> Version:
            held = _known(pen.rows, model_id)
            failed = [check.said for check in _reasons(held, model, stage, reviewer) if not check.holds]
            if failed:
                raise RegistryError(
                    found=f"{model_id} cannot go to {stage}: {' '.join(failed)}",
                    why="A stage says how far a version was looked at.",
                    do="Mend what is named, then ask again.",
                )
            data = {"stage": str(stage), "was": str(held.stage), "reviewer": " ".join(reviewer.split())}
            pen.write(Draft(What.STAGE, model_id, self._who, reason, held.file_sha256, held.file_sha256, data=data))
            return _known(pen.rows, model_id)

        return self._ledger.change(move)

    def set_alias(self, model_id: str, alias: str, reason: str) -> Version:
        """Let a version answer under an alias of its name; the one that did before does no longer.

        Raises
        ------
        RegistryError : it is not registered or retired, the alias is not usable, or no reason is given.
        """
        _require_reason(reason)
        alias_name(alias)

        def point(pen: Pen) -> Version:
            held = _known(pen.rows, model_id)
            if held.stage is Stage.RETIREMENT:
                raise RegistryError(
                    found=f"{model_id} is retired.",
                    why="Nothing new should be asked of a retired version.",
                    do="Choose another version, or bring this one back to Staging first.",
                )
            if alias not in held.aliases:
                before = _alias_holder(pen.rows, held.name, alias)
                data = {"name": held.name, "alias": alias, "was": before.id if before else None}
                replaced = before.file_sha256 if before else None
                pen.write(Draft(What.ALIAS_SET, model_id, self._who, reason, replaced, held.file_sha256, data))
            return _known(pen.rows, model_id)

        return self._ledger.change(point)

    def remove_alias(self, model_id: str, alias: str, reason: str) -> Version:
        """Let a version no longer answer under an alias; raises RegistryError where it does not."""
        _require_reason(reason)

        def remove(pen: Pen) -> Version:
            held = _known(pen.rows, model_id)
            if alias not in held.aliases:
                raise RegistryError(
                    found=f"{model_id} does not answer under {alias[:60]!r}.",
                    why="Only an alias that a version has can be taken from it.",
                    do=f"Its aliases are: {', '.join(held.aliases) or 'none'}.",
                )
            data = {"name": held.name, "alias": alias}
            pen.write(Draft(What.ALIAS_REMOVED, model_id, self._who, reason, held.file_sha256, None, data))
            return _known(pen.rows, model_id)

        return self._ledger.change(remove)

    def pin(self, model_id: str, *, pinned: bool) -> None:
        """Mark a model of the shelf as important, registered or not, or take the mark away."""

        def mark(pen: Pen) -> None:
            held = pen.rows.execute("SELECT 1 FROM pins WHERE id = ?", (model_id,)).fetchone() is not None
            if held != pinned:
                pen.write(Draft(What.PINNED if pinned else What.UNPINNED, model_id, self._who))

        self._ledger.change(mark)


def _reasons(held: Version, model: Model | None, stage: Stage, reviewer: str) -> list[Check]:
    problem = step_problem(held.stage, stage)
    if stage is Stage.RETIREMENT and held.aliases:
        problem = problem or f"It still answers under {', '.join(held.aliases)}: give the alias to another version."
    step = Check("step", problem is None, problem or f"From {held.stage} to {stage} is allowed.")
    return [step, *checks(model, held.file_sha256, held.who, stage, reviewer)]


def _versions(rows: sqlite3.Connection) -> dict[str, Version]:
    names: dict[str, list[str]] = {}
    for model_id, alias in rows.execute("SELECT id, alias FROM aliases WHERE until IS NULL ORDER BY alias"):
        names.setdefault(model_id, []).append(alias)
    found = rows.execute("SELECT * FROM versions ORDER BY name, major, minor, patch")
    return {row["id"]: _version(row, tuple(names.get(row["id"], ()))) for row in found}


def _known(rows: sqlite3.Connection, model_id: str) -> Version:
    row = rows.execute("SELECT * FROM versions WHERE id = ?", (model_id,)).fetchone()
    if row is None:
        raise RegistryError(
            found=f"{model_id[:100]} is not registered.",
            why="Stages and aliases belong to versions that cannot change.",
            do=f"Register it first: python -m core registry register {model_id[:100]}.",
        )
    sql = "SELECT alias FROM aliases WHERE id = ? AND until IS NULL ORDER BY alias"
    return _version(row, tuple(name for (name,) in rows.execute(sql, (model_id,))))


def _version(row: sqlite3.Row, aliases: tuple[str, ...]) -> Version:
    return Version(
        row["id"], row["name"], (row["major"], row["minor"], row["patch"]), Stage(row["stage"]), row["file_sha256"],
        row["weights_sha256"], row["who"], row["when"], aliases,
    )  # fmt: skip


def _alias_holder(rows: sqlite3.Connection, name: str, alias: str) -> Version | None:
    sql = "SELECT id FROM aliases WHERE name = ? AND alias = ? AND until IS NULL"
    row = rows.execute(sql, (name, alias)).fetchone()
    return None if row is None else _known(rows, row["id"])


def _by_alias(rows: sqlite3.Connection, text: str) -> str:
    asked = address(text)
    held = _alias_holder(rows, asked.name, asked.alias or "")
    if held is not None:
        return held.id
    sql = "SELECT alias FROM aliases WHERE name = ? AND until IS NULL ORDER BY alias"
    known = [alias for (alias,) in rows.execute(sql, (asked.name,))]
    raise RegistryError(
        found=f"No version of {asked.name} answers under {asked.alias!r}.",
        why="An alias must point to a registered version before it can be asked.",
        do=f"Set it with python -m core registry alias ID {asked.alias}. There are: {', '.join(known) or 'none yet'}.",
    )


def _require_new(rows: sqlite3.Connection, model: Model) -> None:
    row = rows.execute("SELECT * FROM versions WHERE id = ?", (model.id,)).fetchone()
    if row is not None:
        same = row["file_sha256"] == model.file_sha256
        raise RegistryError(
            found=f"{model.id} is registered already, {'with this file' if same else 'with another file'}.",
            why="A registered version never changes.",
            do="Nothing is left to do." if same else "Give the new file a new version, then register it.",
        )
    if rows.execute("SELECT 1 FROM models WHERE id = ?", (model.id,)).fetchone() is not None:
        raise RegistryError(
            found=f"The id {model.id} belongs to a model record of a data set.",
            why="Two histories under one id could not be told apart.",
            do="Give the checkpoint another name.",
        )


def _require_same_architecture(rows: sqlite3.Connection, named: VersionId, facts: Mapping[str, Any]) -> None:
    sql = "SELECT id, major, architecture FROM versions WHERE name = ? ORDER BY major, minor, patch"
    known = rows.execute(sql, (named.name,)).fetchall()
    for row in known:
        if row["major"] != named.number[0]:
            continue
        if apart := differences(json.loads(row["architecture"]), facts):
            following = VersionId(named.name, (max(one["major"] for one in known) + 1, 0, 0))
            raise RegistryError(
                found=f"{named} has another architecture than {row['id']}: {apart}.",
                why="Within a major version only weights may differ; another architecture is a new major version.",
                do=f"Call it {following}.",
            )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RegistryError(
            found="No reason is given.",
            why="A change that nobody can explain later is worth as little as none.",
            do="Say why in one sentence.",
        )


def _version_data(model: Model, named: VersionId, facts: Mapping[str, Any]) -> dict[str, Any]:
    major, minor, patch = named.number
    return {
        "name": named.name, "major": major, "minor": minor, "patch": patch, "stage": str(Stage.DEVELOPMENT),
        "weights_sha256": model.weights_sha256, "architecture": dict(facts),
    }  # fmt: skip


def _record(model: Model, who: str) -> dict[str, Any]:
    """The version as a record of the data set `shelf`, so that lists and filters know it too."""
    held = entities.Model(
        id=model.id,
        dataset_id=SHELF,
        name=model.display_name,
        baseline_model=model.architecture,
        description=model.card.summary or None,
        model_content=entities.ModelContent(id=model.file_sha256),
        is_trained=True,
        trained_at=model.created,
        created_by=who,
        updated_by=who,
    )
    return held.model_dump(mode="json", exclude={"is_pinned"})
