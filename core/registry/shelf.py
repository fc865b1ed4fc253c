"""Registered versions of the shelf's checkpoints: their stages, aliases, pins and history, asked and changed.

Owns how a version moves: stages and aliases change by events with a reason. What may be registered is `registering`'s.
Models come in as handles; finding them is `core.models.catalog`'s.
"""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import RegistryError
from core.models.model import Model
from core.registry.actor import actor
from core.registry.event import Draft, Event, What
from core.registry.ledger import Ledger, Pen
from core.registry.promotion import Check, checks
from core.registry.registering import registration
from core.registry.stages import Stage, step_problem
from core.registry.version_rows import Answered, Version, alias_holder, all_versions, id_by_alias, known_version
from core.registry.versions import address, alias_name


class Shelf:
    """Registered versions of the data folder. who : whose name the events carry; None: this account's."""

    def __init__(self, who: str | None = None, ledger: Ledger | None = None) -> None:
        self._who, self._ledger = actor(who), ledger or Ledger()

    # Asking.

    def versions(self) -> dict[str, Version]:
        """Every registered version by id."""
        return self._ledger.ask(all_versions)

    def version(self, model_id: str) -> Version:
        """The registered version of that id; raises RegistryError."""
        return self._ledger.ask(lambda rows: known_version(rows, model_id))

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
        return str(asked.version) if asked.version else self._ledger.ask(lambda rows: id_by_alias(rows, text))

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

        def write(pen: Pen) -> Version:
            pen.write(registration(pen.rows, model, self._who, reason))
            return known_version(pen.rows, model.id)

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
            held = known_version(pen.rows, model_id)
            failed = [check.said for check in _reasons(held, model, stage, reviewer) if not check.holds]
            if failed:
                raise RegistryError(
                    found=f"{model_id} cannot go to {stage}: {' '.join(failed)}",
                    why="A stage says how far a version was looked at.",
                    do="Mend what is named, then ask again.",
                )
            data = {"stage": str(stage), "was": str(held.stage), "reviewer": " ".join(reviewer.split())}
            pen.write(Draft(What.STAGE, model_id, self._who, reason, held.file_sha256, held.file_sha256, data=data))
            return known_version(pen.rows, model_id)

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
            held = known_version(pen.rows, model_id)
            if held.stage is Stage.RETIREMENT:
                raise RegistryError(
                    found=f"{model_id} is retired.",
                    why="Nothing new should be asked of a retired version.",
                    do="Choose another version, or bring this one back to Staging first.",
                )
            if alias not in held.aliases:
                before = alias_holder(pen.rows, held.name, alias)
                data = {"name": held.name, "alias": alias, "was": before.id if before else None}
                replaced = before.file_sha256 if before else None
                pen.write(Draft(What.ALIAS_SET, model_id, self._who, reason, replaced, held.file_sha256, data))
            return known_version(pen.rows, model_id)

        return self._ledger.change(point)

    def remove_alias(self, model_id: str, alias: str, reason: str) -> Version:
        """Let a version no longer answer under an alias; raises RegistryError where it does not."""
        _require_reason(reason)

        def remove(pen: Pen) -> Version:
            held = known_version(pen.rows, model_id)
            if alias not in held.aliases:
                raise RegistryError(
                    found=f"{model_id} does not answer under {alias[:60]!r}.",
                    why="Only an alias that a version has can be taken from it.",
                    do=f"Its aliases are: {', '.join(held.aliases) or 'none'}.",
                )
            data = {"name": held.name, "alias": alias}
            pen.write(Draft(What.ALIAS_REMOVED, model_id, self._who, reason, held.file_sha256, None, data))
            return known_version(pen.rows, model_id)

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


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RegistryError(
            found="No reason is given.",
            why="A change that nobody can explain later is worth as little as none.",
            do="Say why in one sentence.",
        )
