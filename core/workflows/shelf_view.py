"""The shelf as a list on the page: a row for each model and each file that is none, and which rows a search leaves.

Owns the rows and the filter. What a figure is called and how it is printed is the card's matter (`card_rows`), which
models exist `core.models.catalog`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.models.catalog import CHECKSUM_DIFFERS, list_models
from core.models.model import Model
from core.models.signatures import SignatureState
from core.workflows.card_rows import interval, value
from core.workflows.registry import ShelfEntry, shelf_entries
from core.workflows.shelf_pages import key_figure

MIB = 1 << 20

_VERSION = re.compile(r"_v(\d+\.\d+\.\d+)$")

NAMES = {"auc": "AUC"}
"""What cards call a figure, and what the pages do."""

VERIFIED, SIGNED, DIFFERS = "verified", "signed", "checksum differs"
OTHER_FILE, BROKEN, GONE = "not the registered file", "cannot be used", "no usable file"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. Texts are ready to be shown; what is not known is a dash.

    figure, on : the card's key figure with its interval, and the cases that it was measured on. state : a word, and
    `problem` the sentence behind it where there is one. sorts : by column, what the column is ordered by.
    """

    id: str
    name: str
    version: str = "–"
    task: str = "–"
    architecture: str = "–"
    figure: str = "–"
    on: str = ""
    size: str = "–"
    seconds: str = "–"
    stage: str = "–"
    aliases: str = ""
    pinned: bool = False
    state: str = VERIFIED
    problem: str = ""
    readable: bool = True
    said: str = ""
    sorts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is searched for; an empty text or None asks for everything."""

    text: str = ""
    task: str | None = None
    architecture: str | None = None
    stage: str | None = None
    state: str | None = None


def shelf_rows() -> list[Row]:
    """Pinned models first, then by name; files that cannot be read and versions whose file is gone come last.

    Raises
    ------
    RegistryError : the registry cannot be read.
    """
    models = {model.id: model for model in list_models()}
    rows = [_row(entry, models.get(entry.id)) for entry in shelf_entries()]
    return sorted(rows, key=lambda row: (not row.pinned, not row.readable, row.name.casefold(), row.id))


def _row(entry: ShelfEntry, model: Model | None) -> Row:
    known = _without_model(entry) if model is None else row_of(model)
    state = OTHER_FILE if known.state in (VERIFIED, SIGNED) and entry.hash_state == OTHER_FILE else known.state
    aliases = ", ".join(entry.aliases)
    said = f"{known.said} {aliases} {entry.stage}".casefold()
    return replace(known, stage=entry.stage, aliases=aliases, pinned=entry.pinned, state=state, said=said)


def _without_model(entry: ShelfEntry) -> Row:
    return Row(
        id=entry.id,
        name=entry.display_name,
        version=entry.version or "–",
        state=GONE,
        problem=entry.problem or "",
        readable=False,
        said=entry.id,
    )


def row_of(model: Model) -> Row:
    """A model's line, as far as its file knows it."""
    key, seconds, size = key_figure(model), seconds_of(model), size_of(model)
    figure = "–" if key is None else f"{NAMES.get(key.name, key.name)} {value(key)}{_interval(model)}"
    return Row(
        id=model.id,
        name=model.display_name,
        version=version_of(model),
        task=str(model.task),
        architecture=model.architecture,
        figure=figure,
        on="" if key is None else f"{_count(model)}{key.split}",
        size=f"{size / MIB:.1f} MiB",
        seconds="–" if seconds is None else f"{seconds:.2f} s",
        state=state_of(model),
        problem=model.problem or "",
        said=" ".join(_words_of(model)).casefold(),
        sorts={"size": size, "seconds": seconds, "figure": None if key is None else key.value},
    )


def matching(rows: Sequence[Row], asked: Asked) -> list[Row]:
    """The rows that hold every word of the text, and what else is asked for."""
    words = asked.text.casefold().split()
    return [
        row
        for row in rows
        if all(word in row.said for word in words)
        and asked.task in (None, row.task)
        and asked.architecture in (None, row.architecture)
        and asked.stage in (None, row.stage)
        and asked.state in (None, row.state)
    ]


def choices(rows: Sequence[Row], name: str) -> list[str]:
    """The values of one column that there are, for a filter."""
    return sorted({getattr(row, name) for row in rows} - {"–"})


def version_of(model: Model) -> str:
    """The version in the id, else the configuration's."""
    found = _VERSION.search(model.id)
    return found[1] if found else model.config.version


def size_of(model: Model) -> int:
    """Bytes of its file; of an ensemble those of its members too, of a variant those of its base."""
    beside = [member.model for member in model.members] or ([model.stored] if model.variant else [])
    return model.size_bytes + sum(one.size_bytes for one in beside)


def seconds_of(model: Model) -> float | None:
    """Seconds a case as its card measured them, or None."""
    return next((m.value for m in model.card.metrics if m.name == "seconds a case" and not m.subgroup), None)


def state_of(model: Model) -> str:
    """Whether its bytes are those that were written, and signed, in a word."""
    if model.problem is None:
        return SIGNED if model.signature is SignatureState.VERIFIED else VERIFIED
    return DIFFERS if model.problem == CHECKSUM_DIFFERS or "checksum" in model.problem.lower() else BROKEN


def _words_of(model: Model) -> tuple[str, ...]:
    card = model.card
    named = (*model.classes, *model.labels, *model.channels)
    return (model.id, model.display_name, card.scenario, card.summary, card.maturity, model.architecture, *named)


def _interval(model: Model) -> str:
    key = key_figure(model)
    return "" if key is None or key.lo is None else f", {interval(key)}"


def _count(model: Model) -> str:
    key = key_figure(model)
    return "" if key is None or not key.n else f"n = {key.n:,} {key.unit}{'' if key.n == 1 else 's'} · "
