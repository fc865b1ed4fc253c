"""Registering a checkpoint: what must hold first, and what is written down.

Owns the rules: an id once, another architecture only under another major version. The event is written by `shelf`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from core.errors import RegistryError
from core.models.model import Model
from core.registry.architecture import architecture_facts, differences
from core.registry.event import Draft, What
from core.registry.model_service import SHELF
from core.registry.models import entities
from core.registry.promotion import hash_problem
from core.registry.stages import Stage
from core.registry.versions import VersionId, version_id


def registration(rows: sqlite3.Connection, model: Model, who: str, reason: str) -> Draft:
    """The event that registers a checkpoint in Development.

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
    _require_new(rows, model)
    _require_same_architecture(rows, named, facts)
    data = {"version": _version_data(model, named, facts), "record": _record(model, who)}
    return Draft(What.REGISTERED, model.id, who, reason, after=model.file_sha256, data=data)


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
