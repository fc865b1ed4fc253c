"""Recall: which stored results and cohorts of this data folder came from a model.

Owns looking through the owners' folders and this machine's cohorts. Owners are named by the digits of their folders,
cases and cohorts by their neutral names; nothing of a picture or a person is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.models.catalog import list_models
from core.registry.shelf import Shelf
from core.workflows.model_address import addressed_model
from core.workspace.cohorts import CohortStore, machines_cohorts
from core.workspace.owner import owners_folder
from core.workspace.records import read_json

OWNER_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Recalled:
    """One stored thing that came from the model.

    owner : digits of a browser's folder, or "" for this machine's user. what : 'result' or 'cohort'. name : neutral.
    model_id : the model itself, or an ensemble that it is a member of. cases : with an answer of it.
    """

    owner: str
    what: str
    name: str
    model_id: str
    cases: int


def recall(model_id: str) -> list[Recalled]:
    """Everything stored that rests on these weights, by owner; an ensemble's answers rest on each member."""
    weights = _weights(model_id)
    found: dict[Recalled, None] = {}
    for owner in sorted(p for p in owners_folder().glob("*") if p.is_dir() and not p.name.startswith(".")):
        name = owner.name[:OWNER_DIGITS]
        found |= dict.fromkeys(_results(owner, name, weights))
        found |= dict.fromkeys(_cohorts(CohortStore(owner / "cohorts", of_machine=False), name, weights))
    found |= dict.fromkeys(_cohorts(machines_cohorts(), "", weights))
    return list(found)


def _weights(model_id: str) -> dict[str, str]:
    """The hashes to look for, each with the id of the model that it belongs to."""
    versions = Shelf().versions()
    if model_id in versions:  # its file may be gone: what it left behind is not
        held, sought = model_id, versions[model_id].weights_sha256
    else:
        model = addressed_model(model_id)
        held, sought = model.id, model.weights_sha256
    joined = {
        one.weights_sha256: one.id
        for one in list_models()
        if one.stored.weights_sha256 == sought or any(member.model.weights_sha256 == sought for member in one.members)
    }
    return {**joined, sought: held}


def _results(owner: Path, name: str, weights: dict[str, str]) -> Iterator[Recalled]:
    for path in sorted(owner.glob("cases/case-*/results/*.json")):
        made = (read_json(path) or {}).get("weights_sha256")
        if made in weights:
            yield Recalled(name, "result", path.parents[1].name, weights[made], 1)


def _cohorts(store: CohortStore, name: str, weights: dict[str, str]) -> Iterator[Recalled]:
    for cohort in store.all():
        for scored in cohort.models:
            if scored.weights_sha256 in weights:
                yield Recalled(name, "cohort", cohort.name, weights[scored.weights_sha256], scored.scored)
