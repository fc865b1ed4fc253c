"""S5's slices: named subsets of a data set's cases, which a model names as its training and validation data.

Owns creating and finding them. A slice never changes, so that what a model names stays what it was.
"""

from __future__ import annotations

import json
import sqlite3

from core.errors import RegistryError
from core.models.naming import plain_id
from core.registry.actor import actor
from core.registry.checked import checked
from core.registry.event import Draft, What
from core.registry.ledger import Ledger, Pen
from core.registry.models.entities import Slice


class SliceService:
    """Slices of the data folder's registry. who : whose name the events carry; None: this account's."""

    def __init__(self, who: str | None = None, ledger: Ledger | None = None) -> None:
        self._who, self._ledger = actor(who), ledger or Ledger()

    def create_slice(self, dataset_id: str, name: str, case_ids: list[str]) -> Slice:
        """A new slice of a data set; its id is its name, with underscores for what an id cannot hold.

        Raises
        ------
        RegistryError : the id is taken, no case is named, or one twice.
        """
        held = {"id": plain_id(name), "dataset_id": dataset_id, "name": name, "case_ids": tuple(case_ids)}
        made = checked(Slice, held)

        def create(pen: Pen) -> Slice:
            if find_slice(pen.rows, dataset_id, made.id) is not None:
                raise RegistryError(
                    found=f"The data set {dataset_id} has a slice {made.id} already.",
                    why="A slice never changes: models name it as what taught or measured them.",
                    do="Give the new one another name.",
                )
            pen.write(Draft(What.SLICE_CREATED, made.id, self._who, data=made.model_dump(mode="json")))
            return made

        return self._ledger.change(create)

    def get_slice(self, dataset_id: str, slice_id: str) -> Slice:
        """The slice of that id; raises RegistryError where the data set has none."""
        return self._ledger.ask(lambda rows: known_slice(rows, dataset_id, slice_id))

    def get_slices(self, dataset_id: str) -> list[Slice]:
        """Every slice of a data set, in the order in which they were created."""
        sql = "SELECT body FROM slices WHERE dataset_id = ? ORDER BY seq"
        return self._ledger.ask(
            lambda rows: [Slice.model_validate_json(text) for (text,) in rows.execute(sql, (dataset_id,))]
        )


def find_slice(rows: sqlite3.Connection, dataset_id: str, slice_id: str) -> Slice | None:
    """The slice, or None."""
    sql = "SELECT body FROM slices WHERE dataset_id = ? AND id = ?"
    row = rows.execute(sql, (dataset_id, slice_id)).fetchone()
    return None if row is None else Slice.model_validate(json.loads(row["body"]))


def known_slice(rows: sqlite3.Connection, dataset_id: str, slice_id: str) -> Slice:
    """The slice; raises RegistryError naming those that there are."""
    found = find_slice(rows, dataset_id, slice_id)
    if found is not None:
        return found
    sql = "SELECT id FROM slices WHERE dataset_id = ? ORDER BY seq LIMIT 20"
    known = [name for (name,) in rows.execute(sql, (dataset_id,))]
    raise RegistryError(
        found=f"The data set {dataset_id[:100]} has no slice {slice_id[:100]}.",
        why="A model must name the cases that taught and measured it.",
        do=f"Create it with SliceService().create_slice first. There are: {', '.join(known) or 'none yet'}.",
    )
