"""The four counts and every figure that comes from them."""

from __future__ import annotations

import math

import pytest

from core.metrics.counts import Counts, figures, is_positive


def test_a_score_equal_to_the_threshold_is_positive() -> None:
    """The one threshold rule of the house; `>` would lose a case at every tie."""
    assert is_positive([0.1, 0.2, 0.3], 0.2).tolist() == [False, True, True]


def test_figures_without_a_denominator_are_undefined_with_their_reason() -> None:
    """None of them may be shown as 0 or 1."""
    nobody, everybody = figures(Counts(0, 0, 5, 5)), figures(Counts(5, 5, 0, 0))

    assert nobody["ppv"].reason == nobody["lr_positive"].reason == "none_called_positive"
    assert everybody["npv"].reason == everybody["lr_negative"].reason == "none_called_negative"
    assert nobody["mcc"].reason == everybody["mcc"].reason == "zero_factor"
    assert (nobody["f1"].value, nobody["npv"].value) == (0.0, 0.5)
    positives_only, negatives_only = figures(Counts(3, 0, 2, 0)), figures(Counts(0, 1, 0, 4))
    assert (positives_only["sensitivity"].value, positives_only["specificity"].reason) == (0.6, "no_negatives")
    assert (negatives_only["f1"].reason, negatives_only["sensitivity"].reason) == ("no_positives", "no_positives")
    for name in ("youden_j", "balanced_accuracy", "mcc", "lr_positive", "lr_negative"):
        assert positives_only[name].reason == "single_class"


def test_infinite_ratios_are_infinite_not_undefined() -> None:
    """No false alarm at all is the best news, and its lower end is what counts."""
    made = figures(Counts(5, 0, 5, 10))

    assert (made["lr_positive"].value, made["lr_positive"].hi) == (math.inf, math.inf)
    assert 1 < made["lr_positive"].lo < math.inf
    assert figures(Counts(5, 10, 5, 0))["lr_negative"].value == math.inf


def test_correlation_of_many_cases_does_not_overflow() -> None:
    """The product of four counts of a million leaves 64-bit integers."""
    assert figures(Counts(10**6, 10**6, 10**6, 3 * 10**6))["mcc"].value == pytest.approx(0.25)
