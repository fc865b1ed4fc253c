"""What is saved with a model: a point that cannot contradict itself and survives JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from core.metrics.operating_points import OperatingPoint, Rule


def point(**changes: Any) -> OperatingPoint:
    """A valid point to vary."""
    held: dict[str, Any] = {
        "name": "sensitivity 95%", "finding": "pneumonia", "threshold": 0.19, "rule": Rule.SENSITIVITY_GUARANTEE,
        "target": 0.95, "confidence": 0.95, "guaranteed": True, "cohort": "validation split", "chosen_on": "validation",
        "positives": 77, "negatives": 123, "tp": 74, "fp": 83, "fn": 3, "tn": 40,
    }  # fmt: skip
    return OperatingPoint(**(held | changes))


@pytest.mark.seeds(9)
def test_a_point_survives_json_and_stays_bound_to_its_weights() -> None:
    """Points travel in checkpoint headers; an infinite threshold must travel too."""
    for made in (point(weights_sha256="ab" * 32), point(threshold=math.inf), point(threshold=-math.inf)):
        assert OperatingPoint.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made
    assert point().bound_to("cd" * 32).weights_sha256 == "cd" * 32
    assert point().sensitivity.k == 74
    assert point().specificity.n == 123


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tp": 70}, "add up"),
        ({"threshold": math.nan}, "must be a number"),
        ({"tp": -1, "fn": 78}, "negative"),
        ({"target": None}, "names its target"),
    ],
)
def test_a_point_that_contradicts_itself_cannot_be_made(changes: dict[str, Any], reason: str) -> None:
    """An object that exists is valid."""
    with pytest.raises(ValueError, match=reason):
        point(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"surprise": 1}, "surprise"),
        ({"tp": "74"}, "whole numbers"),
        ({"tp": True}, "whole numbers"),
        ({"rule": "luck"}, "luck"),
        ({"threshold": None}, "not an operating point"),
    ],
)
def test_a_foreign_point_is_checked_field_by_field(changes: dict[str, Any], reason: str) -> None:
    """Headers come from outside: an unknown field or a wrong type is refused."""
    with pytest.raises(ValueError, match=reason):
        OperatingPoint.from_dict(point().to_dict() | changes)
    with pytest.raises(ValueError, match="tp"):
        OperatingPoint.from_dict({k: v for k, v in point().to_dict().items() if k != "tp"})
