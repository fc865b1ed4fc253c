"""Known answers of other people's software, the tables they are about, and how near is near enough."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ORACLES = Path(__file__).resolve().parent.parent / "oracles"

ESTIMATE = {"value", "lo", "hi", "method", "k", "n", "se", "reason"}
"""Keys of every figure, never missing."""

COMMON = {"schema", "version", "input", "settings", "warnings"}
INPUT = {"file", "sha256", "rows", "used", "dropped", "patients", "positives", "negatives", "prevalence"}
SETTINGS = {"positive", "level", "resamples", "seed", "cluster", "missing", "prevalence"}


def answers(name: str) -> dict[str, Any]:
    """One JSON file of answers."""
    return dict(json.loads((ORACLES / name).read_text()))


def near(expected: Any, tolerance: float = 1e-10) -> Any:
    """Approximate equality as the answers' README has it: absolute below 1, relative above; text and null exact."""
    if isinstance(expected, Mapping):
        return {key: near(value, tolerance) for key, value in expected.items()}
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return [near(value, tolerance) for value in expected]
    if isinstance(expected, float):
        return pytest.approx(expected, abs=tolerance, rel=tolerance)
    return expected


def as_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a program reads: strict JSON there and back, so no NaN and no infinity slipped through."""
    return dict(json.loads(json.dumps(document, allow_nan=False)))


def require_common(document: Mapping[str, Any]) -> None:
    """Every key that all answers begin with is there."""
    assert set(document) >= COMMON
    assert set(document["input"]) >= INPUT
    assert set(document["settings"]) >= SETTINGS
    assert all(set(warning) == {"code", "text"} for warning in document["warnings"])
