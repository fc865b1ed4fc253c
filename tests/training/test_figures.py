"""Figures of the card: none where the estimate is undefined, and the reason where there is no interval."""

from __future__ import annotations

from core.metrics.intervals import Estimate, wilson
from core.training.figures import Where, metric, plain_figure

WHERE = Where("test", "patient", "view AP")


def test_undefined_estimate_is_no_figure() -> None:
    """Nothing is printed as 0 that was never measured."""
    assert metric("sensitivity", wilson(0, 0), WHERE) == []


def test_share_keeps_its_counts_and_method() -> None:
    """Whoever reads a share must be able to count again."""
    (found,) = metric("sensitivity", wilson(9, 10), WHERE, n=99)

    assert (found.k, found.n, found.method) == (9, 10, "wilson")
    assert (found.split, found.unit, found.subgroup) == ("test", "patient", "view AP")


def test_missing_interval_says_why() -> None:
    """A dash alone looks like carelessness."""
    (found,) = metric("auc", Estimate(0.5, None, None, None, reason="constant_score"), WHERE.of("film"), n=4)

    assert (found.method, found.n, found.unit) == ("no interval: all scores are equal", 4, "film")
    assert plain_figure("ece", 0.1, WHERE, 4, "ten bins").method == "ten bins"
