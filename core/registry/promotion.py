"""The gate before a stage: what must hold of a version, each with what was found.

Owns the checks. They read the model's card and file; that a step is allowed at all is `stages`' matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.models.hashing import file_sha256
from core.models.model import Model
from core.registry.stages import Stage

CARD_FIELDS = ("display_name", "summary", "scenario", "intended_use", "not_for", "trained_on", "licence", "limits")
"""What a reader of the card needs before anybody may rely on the model in research."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. said : what was found, in one sentence."""

    name: str
    holds: bool
    said: str


def checks(model: Model | None, registered_sha256: str, registered_by: str, stage: Stage, reviewer: str) -> list[Check]:
    """What must hold before this model reaches the stage; nothing where it retires or is in development again.

    model : None where its file is gone. registered_sha256, registered_by : the file's hash and the name at
    registration. reviewer : who looked at it; "".
    """
    if stage in (Stage.DEVELOPMENT, Stage.RETIREMENT):
        return []
    if model is None:
        return [Check("hash verified", False, "Its file is not on the shelf.")]
    found = [_hash(model, registered_sha256)]
    if stage is Stage.PRODUCTION:
        found += [_card(model), _held_out(model), _locked_point(model), _reviewer(reviewer, registered_by)]
    return found


def hash_problem(model: Model, registered_sha256: str) -> str | None:
    """Why the file is not the one that was registered, in one sentence; None where it is. Reads the whole file."""
    if model.problem:
        return model.problem
    if file_sha256(model.path) != registered_sha256:
        return f"The file of {model.id} is not the one that was registered: its SHA-256 differs."
    return None


def _hash(model: Model, registered_sha256: str) -> Check:
    problem = hash_problem(model, registered_sha256)
    return Check("hash verified", problem is None, problem or "The file is the one that was registered.")


def _card(model: Model) -> Check:
    missing = [name for name in CARD_FIELDS if not getattr(model.card, name)]
    if missing:
        said = f"The card does not state {', '.join(name.replace('_', ' ') for name in missing)}."
    elif model.card.assumed:
        said = f"Of its preprocessing something was assumed: {model.card.assumed[0]}"
    else:
        said = "The card states everything that is asked for."
    return Check("card complete", not missing and not model.card.assumed, said)


def _held_out(model: Model) -> Check:
    splits = list(dict.fromkeys(_measured_apart(model)))
    said = f"Measured on {', '.join(splits)}, with intervals; these cases neither taught nor chose."
    none = "No figure with an interval is of cases that neither taught nor chose."
    return Check("held-out evaluation", bool(splits), said if splits else none)


def _measured_apart(model: Model) -> Iterator[str]:
    """Splits with a figure and its interval over all their cases, which neither taught the model nor chose for it."""
    roles: dict[str, set[str]] = {}
    for key in model.card.provenance:
        if key.startswith("split "):
            name, _, role = key.removeprefix("split ").rpartition(", ")
            roles.setdefault(name, set()).add(role)
    for metric in model.card.metrics:
        if metric.lo is not None and metric.n and not metric.subgroup and roles.get(metric.split) == {"measured"}:
            yield metric.split


def _locked_point(model: Model) -> Check:
    name = "locked operating point"
    if not model.classes:
        return Check(name, True, "Not needed: it draws labels and scores no class.")
    held = [one for one in model.operating_points if one.weights_sha256 == model.weights_sha256 and one.guaranteed]
    if held:
        return Check(name, True, f"{held[0].name}, bound to these weights, with a guarantee from {held[0].chosen_on}.")
    return Check(name, False, "No operating point with a guarantee is bound to these weights.")


def _reviewer(reviewer: str, registered_by: str) -> Check:
    name, named = "reviewer", " ".join(reviewer.split())
    if not named:
        return Check(name, False, "Nobody is named who reviewed it.")
    if named.casefold() == registered_by.casefold():
        return Check(name, False, f"{named} registered it and cannot be the one who reviews it.")
    return Check(name, True, f"{named} reviewed it; {registered_by} registered it.")
