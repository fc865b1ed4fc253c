"""The gate's form in a checkpoint's header."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.models.gate import Gate

RNG = np.random.default_rng(0)


@pytest.fixture
def gate() -> Gate:
    """A gate of 3 components over a thumbnail of 2 x 4, with 5 descriptors."""
    arrays = {
        "thumbnail": (8,),
        "components": (3, 8),
        "centre": (5,),
        "spread": (5,),
        "whitening": (5, 5),
    }
    made = {name: RNG.normal(size=shape).astype(np.float16).astype(np.float32) for name, shape in arrays.items()}
    return Gate(sides=(2, 4), cut_off=1.5, chosen_on="9 cases of val", **made)


def test_gate_survives_its_header_without_loss(gate: Gate) -> None:
    """A figure that changed on the way would move the cut-off for every study."""
    again = Gate.from_plain(json.loads(json.dumps(gate.to_plain())))

    assert (again.sides, again.cut_off, again.chosen_on) == (gate.sides, gate.cut_off, gate.chosen_on)
    for name in ("thumbnail", "components", "centre", "spread", "whitening"):
        assert np.array_equal(getattr(again, name), getattr(gate, name))


@pytest.mark.parametrize(
    "damage",
    [
        lambda plain: plain.update(sides=[3, 4]),
        lambda plain: plain.update(sides=[8]),
        lambda plain: plain.update(cut_off=0),
        lambda plain: plain.update(cut_off=float("nan")),
        lambda plain: plain["centre"].update(shape=[6]),
        lambda plain: plain["whitening"].update(shape=[1 << 20, 1 << 20]),
        lambda plain: plain["spread"].update(float16="AAAA"),
        lambda plain: plain["spread"].update(float16="not base64"),
        lambda plain: plain["spread"].update(float16="AH4AfgB+AH4Afg=="),  # five times NaN
        lambda plain: plain.pop("whitening"),
    ],
)
def test_gate_that_does_not_fit_itself_is_refused(gate: Gate, damage: Callable[[dict[str, Any]], object]) -> None:
    """A header comes with a file; what it says is checked before it is used."""
    plain = gate.to_plain()
    damage(plain)

    with pytest.raises((ValueError, KeyError, TypeError)):
        Gate.from_plain(plain)
