"""The shelf with its memory: what stands on it and how far each model is, and every change of it.

Owns joining what lies on disk with what the registry knows. Rules are `core.registry`'s; who may change the shelf is
asked before these are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypedDict

from core.errors import ModelNotFound, RegistryError
from core.models.catalog import get_model, list_models, list_unreadable
from core.models.model import Model
from core.models.store import store_root
from core.registry.event import Event, What
from core.registry.ledger import Ledger
from core.registry.promotion import Check
from core.registry.shelf import Shelf
from core.registry.stages import named_stage
from core.registry.version_rows import Answered, Version
from core.registry.versions import SCHEME, version_id

UNREGISTERED = "not registered"
"""The stage of what lies on the shelf without anybody having registered it, the shipped models among them."""


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One model as a list shows it.

    name, version : 'chest_pneumonia' and '1.0.0'; the id and "" where the id names none. stage : a stage's name, or
    `UNREGISTERED`. hash_state : 'verified' where the file is the registered one, else what is wrong, in words.
    origin : 'shelf', 'imported', or 'missing' where only the registry knows of it.
    """

    id: str
    display_name: str
    name: str
    version: str
    stage: str
    aliases: tuple[str, ...]
    pinned: bool
    hash_state: str
    origin: str
    architecture: str
    maturity: str
    problem: str | None


class _Named(TypedDict):
    name: str
    version: str
    stage: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event for people: when (ISO 8601, UTC), who, what with its particulars, why, and the hashes."""

    when: str
    who: str
    what: str
    reason: str
    before: str | None
    after: str | None


def shelf_entries() -> list[ShelfEntry]:
    """Everything on the shelf, in the store and in the registry, by id; pinned models first."""
    shelf = Shelf()
    versions, pins = shelf.versions(), shelf.pins()
    models = {model.id: model for model in list_models()}
    found = [_entry(model, versions.get(model.id), model.id in pins) for model in models.values()]
    unreadable = {name: why for name, why in list_unreadable().items() if name not in models}
    gone = versions.keys() - models.keys() - unreadable.keys()
    found += [
        _without_model(name, versions.get(name), name in pins, unreadable.get(name)) for name in {*unreadable, *gone}
    ]
    return sorted(found, key=lambda one: (not one.pinned, one.id))


def id_of(text: str) -> str:
    """The id behind a `models:/` address, whether its file is there or not; what is none stays as it is.

    Raises
    ------
    RegistryError : nothing answers under the alias.
    """
    return Shelf().find(text) if text.startswith(SCHEME) else text


def shelf_entry(model_id: str) -> ShelfEntry:
    """What the list shows of one model; raises ModelNotFound and RegistryError."""
    found = next((one for one in shelf_entries() if one.id == model_id), None)
    return found or _entry(get_model(model_id), None, pinned=False)  # which says what there is


def history(model_id: str) -> list[HistoryLine]:
    """What happened to a model, newest first."""
    return [
        HistoryLine(event.when, event.who, _told(event), event.reason, event.before, event.after)
        for event in reversed(Shelf().history(model_id))
    ]


def register(model_id: str, reason: str, actor: str | None = None) -> Version:
    """Write a checkpoint down as a version that cannot change; raises ModelNotFound and RegistryError."""
    return Shelf(actor).register(get_model(model_id), reason)


def promotion_reasons(model_id: str, stage: str, reviewer: str = "") -> list[Check]:
    """What must hold before the model reaches a stage, each with what was found; raises RegistryError."""
    return Shelf().reasons(model_id, _model_or_none(model_id), named_stage(stage), reviewer)


def change_stage(model_id: str, stage: str, reason: str, actor: str | None = None, reviewer: str = "") -> Version:
    """Move a version to a stage; raises RegistryError naming every check that fails.

    A version whose file is gone can still be retired.
    """
    return Shelf(actor).change_stage(model_id, _model_or_none(model_id), named_stage(stage), reason, reviewer)


def set_alias(model_id: str, alias: str, reason: str, actor: str | None = None) -> Version:
    """Let a version answer under an alias of its name; raises RegistryError."""
    return Shelf(actor).set_alias(model_id, alias, reason)


def remove_alias(model_id: str, alias: str, reason: str, actor: str | None = None) -> Version:
    """Let a version no longer answer under an alias; raises RegistryError."""
    return Shelf(actor).remove_alias(model_id, alias, reason)


def pin(model_id: str, actor: str | None = None) -> None:
    """Mark a model as important; raises ModelNotFound."""
    _set_pin(model_id, actor, pinned=True)


def unpin(model_id: str, actor: str | None = None) -> None:
    """Take the mark away; raises ModelNotFound."""
    _set_pin(model_id, actor, pinned=False)


def answered_on(address: str, day: date) -> list[Answered]:
    """Which versions answered under `models:/name@alias` on a day of this machine's calendar, in order."""
    begin = datetime.combine(day, time()).astimezone()
    return Shelf().answered(address, begin, datetime.combine(day + timedelta(days=1), time()).astimezone())


def rebuild() -> int:
    """Make the registry's tables anew from its log; the number of events in it; raises RegistryError."""
    return Ledger().rebuild()


def check() -> int:
    """Read the whole log and compare the tables with it; the number of events.

    Raises
    ------
    RegistryError : a line was changed after it was written, or the tables say something else.
    """
    return Ledger().check()


def _set_pin(model_id: str, actor: str | None, *, pinned: bool) -> None:
    if model_id not in Shelf().versions():
        get_model(model_id)
    Shelf(actor).pin(model_id, pinned=pinned)


def _model_or_none(model_id: str) -> Model | None:
    try:
        return get_model(model_id)
    except ModelNotFound:
        return None


def _entry(model: Model, held: Version | None, pinned: bool) -> ShelfEntry:
    return ShelfEntry(
        id=model.id,
        display_name=model.display_name,
        **_named(model.id, held),
        pinned=pinned,
        hash_state=_hash_state(model, held),
        origin="imported" if store_root() in model.path.parents else "shelf",
        architecture=model.architecture,
        maturity=model.card.maturity,
        problem=model.problem,
    )


def _without_model(model_id: str, held: Version | None, pinned: bool, why: str | None) -> ShelfEntry:
    said = why or "Its file is not on the shelf. Restore it from a backup."
    return ShelfEntry(
        id=model_id,
        display_name=model_id,
        **_named(model_id, held),
        pinned=pinned,
        hash_state="unreadable" if why else "missing",
        origin="shelf" if why else "missing",
        architecture="",
        maturity="",
        problem=said,
    )


def _named(model_id: str, held: Version | None) -> _Named:
    aliases, stage = ((), UNREGISTERED) if held is None else (held.aliases, str(held.stage))
    try:
        named = version_id(model_id)
    except RegistryError:
        return _Named(name=model_id, version="", stage=stage, aliases=aliases)
    return _Named(name=named.name, version=named.number_text, stage=stage, aliases=aliases)


def _hash_state(model: Model, held: Version | None) -> str:
    if held is not None and model.file_sha256 != held.file_sha256:
        return "not the registered file"
    return "verified" if model.verified else "not the file that was written"


def _told(event: Event) -> str:
    data = event.data
    if event.what == What.STAGE:
        reviewed = f", reviewed by {data['reviewer']}" if data.get("reviewer") else ""
        return f"{event.what}: {data['was']} to {data['stage']}{reviewed}"
    if event.what in (What.ALIAS_SET, What.ALIAS_REMOVED):
        instead = f", instead of {data['was']}" if data.get("was") else ""
        return f"{event.what}: {data['alias']}{instead}"
    if event.what == What.MODEL_CHANGED:
        return f"{event.what}: {', '.join(name for name in data if not name.startswith('updated_'))}"
    return event.what
