"""One model in full as the page shows it: card, configuration with origins, integrity, and the weights at hand.

Owns the rows and the words. Every fact comes from the checkpoint, the card or the loader.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.models.loading import held_weights, self_test_state
from core.models.model import Model
from core.settings import settings
from core.workflows.shelf_view import size_of

MEMORY_HEADER = ("Model", "Runs on", "MiB", "Loaded in")

STATED = "checkpoint"
"""Origin of a field of which no other was noted."""

SELF_TEST = {
    "passed": "passed: here the network makes the numbers that it made when it was saved",
    "failed": "failed: here the network does not make the numbers that it made when it was saved",
    "none": "none is stored with the file",
    "not run": "not run yet: it runs when the weights are loaded",
}


def about_rows(model: Model) -> list[tuple[str, str]]:
    """What the model is for, what it is not for, and what it comes from, as (fact, text)."""
    card, base = model.card, model.stored
    said = [
        ("Meant for", card.intended_use),
        ("Not for", card.not_for),
        ("Choose it for", card.scenario),
        ("Answers", f"{model.task}: {', '.join(model.classes or model.labels)}"),
        ("Input", model.input.sentence()),
        ("Trained on", card.trained_on or "not stated"),
        ("Maturity", card.maturity),
        ("Licence", card.licence or "not stated"),
        *(("Member", f"{member.model.display_name} ({member.model.id}), share {member.weight:.3g}")
          for member in model.members),
        ("Base", f"{base.display_name} ({base.id}), in {model.variant.precision}" if model.variant else ""),
        *(("Cite", one) for one in card.citations),
        *(("Known limit", one) for one in card.limits),
        *(("Assumed", one) for one in card.assumed),
        *(("Note", one) for one in model.notes),
    ]  # fmt: skip
    return [(fact, text) for fact, text in said if text]


def made_rows(model: Model) -> list[tuple[str, str]]:
    """How the weights were made: recipe, seed, versions and what a foreign file claims, as (fact, text)."""
    return [(key, said) for key, said in model.card.provenance.items() if not key.startswith(("split ", "looks at "))]


def configuration_rows(model: Model) -> list[tuple[str, str, str]]:
    """Every field of the configuration and of the input, with where its value comes from."""
    plain = model.config.model_dump(mode="json", exclude={"input"})
    fields = {**plain, **{f"input.{name}": held for name, held in model.input.model_dump(mode="json").items()}}
    return [(name, _as_text(held), model.origins.get(name, STATED)) for name, held in fields.items()]


def integrity_rows(model: Model) -> list[tuple[str, str]]:
    """File and weights with their hashes, and whether they hold, as (fact, text)."""
    return [
        ("File", f"{model.path.name}, {model.size_bytes:,} bytes"),
        ("Created", model.created or "not stated"),
        ("SHA-256 of the file", model.file_sha256),
        ("SHA-256 of the weights", model.weights_sha256),
        ("Checksum", "holds: weights and facts are those that were written" if model.verified else "does not hold"),
        ("Signature", str(model.signature)),
        ("Self-test", SELF_TEST[self_test_state(model)]),
        *((f"Member {member.model.id}", member.model.weights_sha256) for member in model.members),
        *(((f"Base {model.stored.id}", model.stored.weights_sha256),) if model.variant else ()),
    ]


def memory_rows(models: Sequence[Model]) -> list[tuple[str, str, str, str]]:
    """The weights in memory, the least recently used first."""
    names = {model.weights_sha256: model.display_name for model in models}
    return [
        (names.get(one.weights_sha256, one.weights_sha256[:12]), one.where, f"{one.mib:.1f}", f"{one.seconds:.2f} s")
        for one in held_weights()
    ]


def memory_sentence() -> str:
    """How much of the budget the weights in memory take."""
    held, most = sum(one.mib for one in held_weights()), settings().weights_cache_mib
    return (
        f"{held:.1f} of {most:,} MiB. Weights are loaded at the first run; where the budget is spent, those unused "
        "longest go first. READROOM_WEIGHTS_CACHE_MIB changes it."
    )


def size_sentence(model: Model) -> str:
    """Its size, for a heading."""
    return f"{size_of(model) / (1 << 20):.1f} MiB"


def _as_text(held: Any) -> str:  # a value of a configuration's JSON
    if held in (None, "", []):
        return "–"
    return held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
