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


def test_key_figures_are_those_of_the_key_split_without_parts_and_bins() -> None:
    """A page that shows three hundred figures shows none."""

    def figure(name: str, split: str, **more: object) -> Metric:
        return Metric.model_validate({"name": name, "value": 0.9, "lo": 0.8, "hi": 0.95, "split": split} | more)

    figures = (
        figure("auc", "test"),
        figure("auc", "official", unit="patient"),
        figure("auc", "official", unit="film"),
        figure("bin 1: share", "official"),
        figure("sensitivity", "official", subgroup="view AP"),
        figure("seconds a case", "official", lo=None, hi=None),
        figure("flagged as unfamiliar", "ood"),
    )
    named = Card(metrics=figures, key_metric="auc | official")

    assert [(m.name, m.split, m.unit) for m in named.key_figures] == [("auc", "official", "patient")]
    assert Card(metrics=figures[:3]).key_split == "official"
    assert Card().key_split is None
    assert Card().key_figures == ()
