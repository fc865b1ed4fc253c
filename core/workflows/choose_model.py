"""The models on offer for a case, those that fit it first, and what the sidebar says of each.

Owns the order and the badges. Which models exist is `core.models.catalog`'s, whether one admits a study is
`core.inference.admission`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.engines.choose import TITLES, engine_title, find_refusal, named_engine, rests_on
from core.models.catalog import list_models
from core.models.model import Model
from core.workflows.default_model import chosen_id
from core.workflows.run_prediction import fits
from core.workspace import Case

SHORT_SHA = 4
"""Digits of a checksum at each end: enough to compare by eye, the whole one is in every file."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A word of state. `tone` is 'good', 'plain' or 'caution': the word says it, the tone only helps.

    tip : more words, for whoever rests on it with the pointer; they stand elsewhere too.
    """

    word: str
    tone: str = "plain"
    tip: str = ""


def models_for(case: Case | None) -> list[Model]:
    """Every model: usable ones that fit the case first, then the other usable ones, then those with a problem.

    Among each, variants in lower precision come last: what is taken unasked is the first.
    """

    def place(model: Model) -> tuple[bool, bool, bool, str]:
        return model.problem is not None, case is not None and not fits(case, model), bool(model.variant), model.id

    return sorted(list_models(), key=place)


def first_fitting(models: Sequence[Model], case: Case) -> Model | None:
    """The usable model that reads a case of this kind: the installation's own choice if it does, else the first.

    Never a variant in lower precision: that one is chosen by hand.
    """
    fitting = [m for m in models if m.problem is None and m.variant is None and fits(case, m)]
    chosen = chosen_id()
    return next((m for m in fitting if m.id == chosen), fitting[0] if fitting else None)


def badges(model: Model, engine: str | None = None) -> tuple[Badge, ...]:
    """State, what runs it and short checksum, in this order. engine : what was chosen to run it, if anything."""
    found = [_state(model)]
    if model.problem is None and not (model.card.metrics or model.operating_points):
        found.append(Badge("not tested", "caution"))
    if model.card.maturity != "released":
        found.append(Badge(model.card.maturity))
    if model.problem is None:
        found.append(_engine(model, engine))
    if model.weights_sha256:
        found.append(Badge(f"sha {model.weights_sha256[:SHORT_SHA]}…{model.weights_sha256[-2:]}"))
    return tuple(found)


def _engine(model: Model, engine: str | None) -> Badge:
    if (refusal := find_refusal(model, engine)) is not None:
        return Badge(f"{TITLES[named_engine(engine)]} cannot run it", "caution", str(refusal))
    chosen = "" if engine is None else ", as chosen"
    return Badge(f"{engine_title(model, engine)}{chosen}", tip=rests_on(model, engine))


def _state(model: Model) -> Badge:
    problem = (model.problem or "").lower()
    if not problem:
        return _tested(model)
    if "checksum" in problem:
        return Badge("checksum differs", "caution")
    if "not found" in problem or "missing" in problem or "is not there" in problem:
        return Badge("weights not found", "caution")
    return Badge("cannot be used", "caution")


def _tested(model: Model) -> Badge:
    from core.models.loading import self_test_state

    state = self_test_state(model)
    if state == "failed":
        return Badge("self-test failed", "caution")
    return Badge("ready, self-test passed" if state == "passed" else "ready", "good")


@dataclass(frozen=True, slots=True)
class ChannelSet:
    """A model's title and the channels that it reads."""

    title: str
    channels: tuple[str, ...]


def channel_sets(first: str | None) -> dict[str, ChannelSet]:
    """By id, the usable models that read several channels; the model of id `first` leads."""
    several = [m for m in list_models() if m.problem is None and len(m.channels) > 1]
    several.sort(key=lambda m: (m.id != first, m.id))
    return {m.id: ChannelSet(f"{m.display_name}: {', '.join(m.channels)}", m.channels) for m in several}


def find_model(model_id: str | None) -> Model | None:
    """The model of that id, or None."""
    return next((m for m in list_models() if m.id == model_id), None)
