"""S5's service: model records of a data set, created, changed, pinned, deleted and listed.

Owns the rules of a record: its slices exist, absent is not None in an update, deleting leaves slices and files, and
what was registered from the shelf cannot change. Pages are `model_pages`', the way to the disk is `ledger`'s.
"""

from __future__ import annotations

import secrets
import sqlite3
import warnings
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import ModelNotFound, RegistryError
from core.models.hashing import text_sha256
from core.models.strict_json import canonical_json
from core.registry.actor import actor
from core.registry.checked import checked
from core.registry.event import Draft, What
from core.registry.ledger import Ledger, Pen
from core.registry.model_pages import MOST, model_of, page
from core.registry.models.entities import Model, ModelSlice, ModelTrainClass
from core.registry.models.params import ABSENT, Absent, ModelsFilter
from core.registry.slice_service import known_slice

SHELF = "shelf"
"""The data set under which checkpoints of the shelf are registered; their records change by the lifecycle alone."""

Classes = Sequence[ModelTrainClass]


class ModelService:
    """Models of the data folder's registry. who : whose name the events carry; None: this account's."""

    def __init__(self, who: str | None = None, ledger: Ledger | None = None) -> None:
        self._who, self._ledger = actor(who), ledger or Ledger()

    def get_models(
        self,
        dataset_id: str,
        models_filter: ModelsFilter | None = None,
        cursor: str | None = None,
        length: int = MOST,
    ) -> tuple[list[Model], str | None, int]:
        """A page of models, newest first; the cursor of the next page (None after the last); how many fit in all.

        A `length` over 50 gives 50, the cursor and a warning.

        Raises
        ------
        RegistryError : the cursor is of another list, or `length` is below 1.
        """
        if length > MOST:
            warnings.warn(f"A page holds at most {MOST} models, not {length}; follow the cursor.", stacklevel=2)
        if length < 1:
            raise RegistryError(
                found=f"A page of {length} models was asked for.",
                why="A page without models never ends.",
                do=f"Ask for 1 to {MOST}.",
            )
        held = self._ledger.ask(lambda rows: page(rows, dataset_id, models_filter, cursor, min(length, MOST)))
        return list(held.models), held.next_cursor, held.total_count

    def get_model(self, dataset_id: str, model_id: str) -> Model:
        """The model of that id; raises ModelNotFound where the data set has none."""
        return self._ledger.ask(lambda rows: _known(rows, dataset_id, model_id))

    def create_model(
        self,
        dataset_id: str,
        name: str,
        *,
        baseline_model: str | None = None,
        description: str | None = None,
        training_slice_ids: Sequence[str] = (),
        validation_slice_ids: Sequence[str] = (),
        training_classes: Classes = (),
        model_content_id: str | None = None,
        is_trained: bool = False,
        trained_at: str | None = None,
        meta: dict[str, Any] | None = None,  # JSON
        model_id: str | None = None,
    ) -> Model:
        """A new model record. model_id : to give it an id of one's own; None makes one.

        Raises
        ------
        RegistryError : a slice does not exist, a field is out of range, or the id is taken.
        """
        if dataset_id == SHELF:
            raise _of_shelf()

        def create(pen: Pen) -> Model:
            slices = _slices(pen.rows, dataset_id, training_slice_ids, validation_slice_ids)
            now = _now()
            made = checked(
                Model,
                {
                    "id": _free_id(pen.rows, model_id),
                    "dataset_id": dataset_id,
                    "name": name,
                    "baseline_model": baseline_model,
                    "description": description,
                    "training_classes": tuple(training_classes),
                    "model_content": _content(model_content_id),
                    "is_trained": is_trained,
                    "trained_at": _sortable(trained_at),
                    "meta": meta,
                    "created_at": now,
                    "created_by": self._who,
                    "updated_at": now,
                    "updated_by": self._who,
                    **slices,
                },
            )
            body = _body(made)
            pen.write(Draft(What.MODEL_CREATED, str(made.id), self._who, after=_sha256(body), data=body))
            return _known(pen.rows, dataset_id, str(made.id))

        return self._ledger.change(create)

    def update_model(
        self,
        dataset_id: str,
        model_id: str,
        *,
        name: str | Absent = ABSENT,
        baseline_model: str | Absent | None = ABSENT,
        description: str | Absent | None = ABSENT,
        training_slice_ids: Sequence[str] | Absent = ABSENT,
        validation_slice_ids: Sequence[str] | Absent = ABSENT,
        training_classes: Classes | Absent = ABSENT,
        model_content_id: str | Absent | None = ABSENT,
        is_trained: bool | Absent = ABSENT,
        trained_at: str | Absent | None = ABSENT,
        meta: dict[str, Any] | Absent | None = ABSENT,  # JSON
    ) -> Model:
        """Change what is given: an absent field stays as it is, None empties it, `meta` is replaced as a whole.

        Raises
        ------
        ModelNotFound : there is no such model.
        RegistryError : a slice does not exist, a field is out of range, or the model was registered from the shelf.
        """
        if dataset_id == SHELF:
            raise _of_shelf()
        plain = {
            "name": name, "baseline_model": baseline_model, "description": description, "is_trained": is_trained,
            "training_classes": training_classes, "meta": meta,
        }  # fmt: skip
        changes = {field: value for field, value in plain.items() if value is not ABSENT}
        if not isinstance(model_content_id, Absent):
            changes["model_content"] = _content(model_content_id)
        if not isinstance(trained_at, Absent):
            changes["trained_at"] = _sortable(trained_at)

        def update(pen: Pen) -> Model:
            old = _known(pen.rows, dataset_id, model_id)
            sliced = _slices(
                pen.rows,
                dataset_id,
                _ids(training_slice_ids, old.training_slices),
                _ids(validation_slice_ids, old.validation_slices),
            )
            stamped = {**sliced, **changes, "updated_at": _now(), "updated_by": self._who}
            before = _body(old)
            body = _body(checked(Model, before | stamped))
            changed = {field: value for field, value in body.items() if value != before[field]}
            pen.write(Draft(What.MODEL_CHANGED, model_id, self._who, "", _sha256(before), _sha256(body), data=changed))
            return _known(pen.rows, dataset_id, model_id)

        return self._ledger.change(update)

    def delete_model(self, dataset_id: str, model_id: str) -> None:
        """Take the record off the lists; its history, its slices and its files stay.

        Raises
        ------
        ModelNotFound : there is no such model.
        RegistryError : it was registered from the shelf.
        """
        if dataset_id == SHELF:
            raise _of_shelf()

        def delete(pen: Pen) -> None:
            before = _sha256(_body(_known(pen.rows, dataset_id, model_id)))
            pen.write(Draft(What.MODEL_DELETED, model_id, self._who, before=before))

        self._ledger.change(delete)

    def pin_model(self, dataset_id: str, model_id: str) -> Model:
        """Mark a model as important; raises ModelNotFound."""
        return self._pin(dataset_id, model_id, What.PINNED)

    def unpin_model(self, dataset_id: str, model_id: str) -> Model:
        """Take the mark away; raises ModelNotFound."""
        return self._pin(dataset_id, model_id, What.UNPINNED)

    def _pin(self, dataset_id: str, model_id: str, what: What) -> Model:
        def pin(pen: Pen) -> Model:
            if _known(pen.rows, dataset_id, model_id).is_pinned != (what is What.PINNED):
                pen.write(Draft(what, model_id, self._who))
            return _known(pen.rows, dataset_id, model_id)

        return self._ledger.change(pin)


def _known(rows: sqlite3.Connection, dataset_id: str, model_id: str) -> Model:
    sql = "SELECT body, is_pinned FROM models JOIN bodies USING (seq) WHERE id = ? AND dataset_id = ? AND deleted = 0"
    row = rows.execute(sql, (model_id, dataset_id)).fetchone()
    if row is None:
        raise ModelNotFound(
            found=f"The data set {dataset_id[:100]} has no model {model_id[:100]}.",
            why="It was never created, or it was deleted.",
            do="List what there is with get_models, and use an id of it.",
        )
    return model_of(row)


def _slices(
    rows: sqlite3.Connection, dataset_id: str, training: Iterable[str], validation: Iterable[str]
) -> dict[str, Any]:
    """The fields of a model that follow from its slices."""
    fields: dict[str, Any] = {}
    for word, ids in (("training", training), ("validation", validation)):
        held = [known_slice(rows, dataset_id, one) for one in dict.fromkeys(ids)]
        fields[f"{word}_slices"] = tuple(ModelSlice(id=s.id, name=s.name, cases=len(s.case_ids)) for s in held)
        fields[f"{word}_data_count"] = len({case for s in held for case in s.case_ids})
    return fields


def _ids(given: Sequence[str] | Absent, held: Sequence[ModelSlice]) -> Sequence[str]:
    return [one.id for one in held] if isinstance(given, Absent) else given


def _free_id(rows: sqlite3.Connection, wanted: str | None) -> str:
    if wanted is None:
        return f"model_{secrets.token_hex(8)}"
    if rows.execute("SELECT 1 FROM models WHERE id = ?", (wanted,)).fetchone():
        raise RegistryError(
            found=f"The id {wanted[:100]} is taken.",
            why="Its history would become another model's; that holds for a deleted one too.",
            do="Choose another id, or leave it out.",
        )
    return wanted


def _content(reference: str | None) -> dict[str, str] | None:
    return None if reference is None else {"id": reference}


def _sortable(when: str | None) -> str | None:
    """Times with a zone in UTC, so that they sort as text."""
    if when is None:
        return None
    try:
        held = datetime.fromisoformat(when)
    except ValueError as error:
        raise RegistryError(
            found=f"trained_at is {when[:60]!r}.",
            why="Models are sorted by it, so it must be a time in ISO 8601.",
            do="Give it as 2026-01-31T12:00:00, for instance datetime.now().isoformat().",
        ) from error
    return (held if held.tzinfo is None else held.astimezone(UTC)).isoformat()


def _body(model: Model) -> dict[str, Any]:
    """The record as it is written down; whether it is pinned is kept beside it."""
    return model.model_dump(mode="json", exclude={"is_pinned"})


def _sha256(body: dict[str, Any]) -> str:
    return text_sha256(canonical_json(body))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _of_shelf() -> RegistryError:
    return RegistryError(
        found=f'The data set "{SHELF}" holds the checkpoints that were registered from the shelf.',
        why="A registered version never changes.",
        do="Register another version, or change its stage: python -m core registry stage ID.",
    )
