"""Pages of model records by keyset: newest first, each page found by where the one before it ended.

Owns cursors and the SQL of filters. A page costs the same wherever it lies, and stays the same while records are
added: those that are newer than the first page come up on the next first page.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from core.errors import RegistryError
from core.models.hashing import text_sha256
from core.registry.models.entities import Model, ModelPageInfo
from core.registry.models.params import ModelsFilter, ModelsFilterOptions

MOST = 50
"""Records on a page."""

Condition = tuple[str, list[Any]]  # SQL and its values: texts and numbers

_SELECT = "SELECT seq, body, is_pinned FROM models JOIN bodies USING (seq) WHERE "

EVERYTHING = ModelsFilter()


def page(
    rows: sqlite3.Connection, dataset_id: str, models_filter: ModelsFilter | None, cursor: str | None, length: int
) -> ModelPageInfo:
    """A page of a data set's records; raises RegistryError where the cursor belongs to another question."""
    asked = models_filter or EVERYTHING
    where, values = _where(dataset_id, asked)
    total = _total(rows, dataset_id, asked, where, values)
    after, after_values = where, list(values)
    if cursor is not None:
        after += " AND seq < ?"
        after_values.append(_before(cursor, dataset_id, asked))
    sql = f"{_SELECT}{after} ORDER BY seq DESC LIMIT ?"
    found = rows.execute(sql, (*after_values, length + 1)).fetchall()
    more = len(found) > length
    return ModelPageInfo(
        models=tuple(model_of(row) for row in found[:length]),
        next_cursor=_cursor(found[length - 1]["seq"], dataset_id, asked) if more else None,
        total_count=total,
    )


def model_of(row: sqlite3.Row) -> Model:
    """The record of a row with `body` and `is_pinned`. It was checked before it was written, so it is read as it is."""
    return Model.model_validate(json.loads(row["body"]) | {"is_pinned": bool(row["is_pinned"])})


def _total(rows: sqlite3.Connection, dataset_id: str, asked: ModelsFilter, where: str, values: list[Any]) -> int:
    if asked == EVERYTHING:
        row = rows.execute("SELECT models FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
        return 0 if row is None else int(row[0])
    tables = "models JOIN bodies USING (seq)" if "body" in where else "models"
    sql = f"SELECT count(*) FROM {tables} WHERE {where}"  # noqa: S608 - the words are ours, values are bound
    return int(rows.execute(sql, values).fetchone()[0])


def _where(dataset_id: str, asked: ModelsFilter) -> Condition:
    parts, values = ["dataset_id = ?", "deleted = 0"], [dataset_id]
    for options, form in ((asked.must_filter, "{}"), (asked.not_filter, "NOT coalesce({}, 0)")):
        for sql, held in _conditions(options or ModelsFilterOptions()):
            parts.append(form.format(f"({sql})"))
            values += held
    return " AND ".join(parts), values


def _conditions(options: ModelsFilterOptions) -> Iterator[Condition]:
    if options.name_contains is not None:
        yield "instr(name_key, ?) > 0", [options.name_contains.casefold()]
    if options.baseline_contains is not None:
        yield "instr(baseline_key, ?) > 0", [options.baseline_contains.casefold()]
    if options.id_in is not None:
        yield f"id IN ({', '.join('?' * len(options.id_in))})", list(options.id_in)
    if options.is_trained is not None:
        yield "is_trained = ?", [int(options.is_trained)]
    if options.is_pinned is not None:
        yield "is_pinned = ?", [int(options.is_pinned)]
    if options.meta_key is not None:
        sql = "EXISTS (SELECT 1 FROM json_each(body, '$.meta') WHERE key = ?{})"
        if options.meta_value is None:
            yield sql.format(""), [options.meta_key]
        else:
            yield sql.format(" AND atom = ?"), [options.meta_key, options.meta_value]
    if options.ap_at_least is not None:
        yield "average_ap >= ?", [options.ap_at_least]
    if options.ap_below is not None:
        yield "average_ap < ?", [options.ap_below]


def _cursor(seq: int, dataset_id: str, asked: ModelsFilter) -> str:
    return base64.urlsafe_b64encode(f"{seq}.{_digest(dataset_id, asked)}".encode()).decode()


def _before(cursor: str, dataset_id: str, asked: ModelsFilter) -> int:
    try:
        seq, _, digest = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii").partition(".")
        if digest == _digest(dataset_id, asked):
            return int(seq)
    except (binascii.Error, ValueError):
        pass
    raise RegistryError(
        found="The cursor does not belong to this list.",
        why="It was given out for another data set or another filter, or it is damaged.",
        do="Ask for the first page again, without a cursor.",
    )


def _digest(dataset_id: str, asked: ModelsFilter) -> str:
    return text_sha256(f"{dataset_id} {asked.model_dump_json()}")[:16]
