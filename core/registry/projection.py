"""What each event does to the tables: the one place where history becomes state.

Owns nothing else: whether an event may happen was decided before it was written, so here every event is taken as it
stands. Events of a kind that is not named here are history alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from core.models.strict_json import canonical_json
from core.registry.event import Event, What

Body = Mapping[str, Any]


def apply(rows: sqlite3.Connection, event: Event) -> None:
    """Enter an event into the tables, inside the caller's transaction."""
    rows.execute(
        "INSERT INTO events VALUES (?, ?, ?)", (event.seq, event.subject, event.line().decode().removesuffix("\n"))
    )
    change = _CHANGES.get(event.what)
    if change is not None:
        change(rows, event)


def average_ap(body: Body) -> float | None:
    """The mean average precision over the classes that have one; None where none has."""
    known = [one["ap"] for one in body["training_classes"] if one["ap"] is not None]
    return sum(known) / len(known) if known else None


def _model_created(rows: sqlite3.Connection, event: Event) -> None:
    _enter(rows, event, event.data)


def _enter(rows: sqlite3.Connection, event: Event, body: Body) -> None:
    pinned = rows.execute("SELECT count(*) FROM pins WHERE id = ?", (event.subject,)).fetchone()[0]
    rows.execute(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (event.seq, event.subject, body["dataset_id"], *_keys(body), pinned, average_ap(body)),
    )
    rows.execute("INSERT INTO bodies VALUES (?, ?)", (event.seq, canonical_json(dict(body))))
    rows.execute(
        "INSERT INTO datasets VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET models = models + 1", (body["dataset_id"],)
    )


def _keys(body: Body) -> tuple[str, str, int]:
    return body["name"].casefold(), (body["baseline_model"] or "").casefold(), int(body["is_trained"])


def _model_changed(rows: sqlite3.Connection, event: Event) -> None:
    seq, text = rows.execute(
        "SELECT seq, body FROM models JOIN bodies USING (seq) WHERE id = ?", (event.subject,)
    ).fetchone()
    body = json.loads(text) | event.data
    rows.execute(
        "UPDATE models SET name_key = ?, baseline_key = ?, is_trained = ?, average_ap = ? WHERE seq = ?",
        (*_keys(body), average_ap(body), seq),
    )
    rows.execute("UPDATE bodies SET body = ? WHERE seq = ?", (canonical_json(body), seq))


def _model_deleted(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute("UPDATE models SET deleted = 1 WHERE id = ?", (event.subject,))
    rows.execute(
        "UPDATE datasets SET models = models - 1 WHERE id = (SELECT dataset_id FROM models WHERE id = ?)",
        (event.subject,),
    )


def _slice_created(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute(
        "INSERT INTO slices VALUES (?, ?, ?, ?)",
        (event.seq, event.data["dataset_id"], event.subject, canonical_json(dict(event.data))),
    )


def _pinned(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute("INSERT OR IGNORE INTO pins VALUES (?)", (event.subject,))
    rows.execute("UPDATE models SET is_pinned = 1 WHERE id = ?", (event.subject,))


def _unpinned(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute("DELETE FROM pins WHERE id = ?", (event.subject,))
    rows.execute("UPDATE models SET is_pinned = 0 WHERE id = ?", (event.subject,))


def _registered(rows: sqlite3.Connection, event: Event) -> None:
    version = event.data["version"]
    rows.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(event.subject, version["name"], version["major"], version["minor"], version["patch"]),
            *(version["stage"], event.after, version["weights_sha256"]),
            *(canonical_json(version["architecture"]), event.who, event.when),
        ),
    )
    _enter(rows, event, event.data["record"])


def _stage(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute("UPDATE versions SET stage = ? WHERE id = ?", (event.data["stage"], event.subject))


def _alias_set(rows: sqlite3.Connection, event: Event) -> None:
    _alias_removed(rows, event)
    rows.execute(
        "INSERT INTO aliases VALUES (?, ?, ?, ?, ?, NULL)",
        (event.seq, event.data["name"], event.data["alias"], event.subject, event.when),
    )


def _alias_removed(rows: sqlite3.Connection, event: Event) -> None:
    rows.execute(
        "UPDATE aliases SET until = ? WHERE name = ? AND alias = ? AND until IS NULL",
        (event.when, event.data["name"], event.data["alias"]),
    )


_CHANGES: dict[str, Callable[[sqlite3.Connection, Event], None]] = {
    What.MODEL_CREATED: _model_created,
    What.MODEL_CHANGED: _model_changed,
    What.MODEL_DELETED: _model_deleted,
    What.SLICE_CREATED: _slice_created,
    What.PINNED: _pinned,
    What.UNPINNED: _unpinned,
    What.REGISTERED: _registered,
    What.STAGE: _stage,
    What.ALIAS_SET: _alias_set,
    What.ALIAS_REMOVED: _alias_removed,
}
