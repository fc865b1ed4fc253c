"""The facts in a header: sealed, and judged again when they are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import CheckpointError, ConfigError
from core.models.card import Card
from core.models.facts import Facts, is_ours, read_facts, seal
from core.models.gate import Gate

from .conftest import point, tiny_config

FACTS = Facts("tiny_v1.0.0", tiny_config(), Card(summary="<b>"), "ab" * 32, (point(),), {"seed": 1}, {"depth": "asked"})


def test_facts_survive_the_header() -> None:
    """Everything is text there, and comes back as it was."""
    metadata = FACTS.to_metadata()

    assert all(isinstance(value, str) for value in metadata.values())
    assert read_facts(metadata) == FACTS
    assert is_ours(metadata)
    assert not is_ours({"format": "pt"})


@pytest.mark.parametrize("name", sorted(set(FACTS.to_metadata()) - {"facts_sha256"}))
def test_the_seal_notices_a_change_in_any_fact(name: str) -> None:
    """A threshold's digit counts as much as a weight."""
    metadata = FACTS.to_metadata()

    assert seal(metadata) == metadata["facts_sha256"]
    assert seal(metadata | {name: metadata[name] + " "}) != metadata["facts_sha256"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"schema": "readroom.checkpoint/2"}, CheckpointError),
        ({"schema": ""}, CheckpointError),
        ({"card": "{}x"}, CheckpointError),
        ({"card": '{"surprise": 1}'}, CheckpointError),
        ({"operating_points": '[{"name": 1}]'}, CheckpointError),
        ({"operating_points": "{}"}, CheckpointError),
        ({"operating_points": "[1]"}, CheckpointError),
        ({"config": '{"depth": 99}'}, ConfigError),
        ({"origins": "[]"}, ConfigError),
        ({"temperature": "0"}, CheckpointError),
        ({"temperature": "nan"}, CheckpointError),
        ({"temperature": "warm"}, CheckpointError),
        ({"gate": "[]"}, ConfigError),
        ({"gate": "{}"}, CheckpointError),
        ({"gate": '{"sides":[2,4],"components":7}'}, CheckpointError),
    ],
)
def test_a_header_that_breaks_its_schema_is_refused(change: dict[str, str], error: type[Exception]) -> None:
    """A file may carry our mark and be made by anybody."""
    with pytest.raises(error):
        read_facts(FACTS.to_metadata() | change)
    with pytest.raises(CheckpointError, match="card is missing"):
        read_facts({k: v for k, v in FACTS.to_metadata().items() if k != "card"})


def test_temperature_and_gate_survive_the_header() -> None:
    """What decides a score, and whether one may be read at all, is under the seal too."""
    ones = {"thumbnail": (8,), "components": (3, 8), "centre": (5,), "spread": (5,), "whitening": (5, 5)}
    gate = Gate(sides=(2, 4), cut_off=1.5, chosen_on="val", **{n: np.ones(s, np.float32) for n, s in ones.items()})
    metadata = replace(FACTS, temperature=1.375, gate=gate).to_metadata()

    again = read_facts(metadata)

    assert again.temperature == 1.375
    assert again.gate is not None
    assert again.gate.to_plain() == gate.to_plain()
    assert {"temperature", "gate"} <= set(metadata)
    assert read_facts(FACTS.to_metadata()).gate is None
