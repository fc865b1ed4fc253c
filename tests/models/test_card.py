"""The card's figures cannot contradict themselves."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.models import Card, Metric


def test_a_card_survives_its_json() -> None:
    """It travels in a checkpoint's header."""
    card = Card(
        display_name="Chest, balanced", maturity="released", citations=("Someone 2024.",), provenance={"epoch": "7"},
        metrics=(Metric(name="auc", value=0.93, lo=0.9, hi=0.95, method="delong_logit", n=200, split="test"),),
    )  # fmt: skip

    assert Card.model_validate_json(card.model_dump_json()) == card


def test_more_hits_than_cases_and_a_long_name_are_refused() -> None:
    """k of n is checked where it enters; the dropdown has room for 24 characters."""
    with pytest.raises(ValidationError, match="needs an n"):
        Metric(name="sensitivity", value=1, k=5, n=4)
    with pytest.raises(ValidationError, match="needs an n"):
        Metric(name="sensitivity", value=1, k=5)
    with pytest.raises(ValidationError, match="at most 24"):
        Card(display_name="x" * 25)
    with pytest.raises(ValidationError, match="finite"):
        Metric(name="auc", value=float("nan"))
