"""Registered versions as the tables hold them: by id, by alias, and when each answered under an alias.

Owns those questions. What may change a version is told in `shelf` and `registering`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.errors import RegistryError
from core.registry.stages import Stage
from core.registry.versions import Number, address


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


def all_versions(rows: sqlite3.Connection) -> dict[str, Version]:
    """Every registered version by id."""
    names: dict[str, list[str]] = {}
    for model_id, alias in rows.execute("SELECT id, alias FROM aliases WHERE until IS NULL ORDER BY alias"):
        names.setdefault(model_id, []).append(alias)
    found = rows.execute("SELECT * FROM versions ORDER BY name, major, minor, patch")
    return {row["id"]: _version(row, tuple(names.get(row["id"], ()))) for row in found}


def known_version(rows: sqlite3.Connection, model_id: str) -> Version:
    """The version of that id; raises RegistryError where it is not registered."""
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


def alias_holder(rows: sqlite3.Connection, name: str, alias: str) -> Version | None:
    """The version of a name that answers under an alias, or None."""
    sql = "SELECT id FROM aliases WHERE name = ? AND alias = ? AND until IS NULL"
    row = rows.execute(sql, (name, alias)).fetchone()
    return None if row is None else known_version(rows, row["id"])


def id_by_alias(rows: sqlite3.Connection, text: str) -> str:
    """The id that answers under `models:/name@alias`; raises RegistryError naming the aliases that there are."""
    asked = address(text)
    held = alias_holder(rows, asked.name, asked.alias or "")
    if held is not None:
        return held.id
    sql = "SELECT alias FROM aliases WHERE name = ? AND until IS NULL ORDER BY alias"
    known = [alias for (alias,) in rows.execute(sql, (asked.name,))]
    raise RegistryError(
        found=f"No version of {asked.name} answers under {asked.alias!r}.",
        why="An alias must point to a registered version before it can be asked.",
        do=f"Set it with python -m core registry alias ID {asked.alias}. There are: {', '.join(known) or 'none yet'}.",
    )
