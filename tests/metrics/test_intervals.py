"""Intervals of a proportion against statsmodels and SciPy."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binomtest

from core.metrics import clopper_pearson, clopper_pearson_lower, wilson


def test_wilson_and_clopper_pearson_agree_with_statsmodels(oracles: Any) -> None:
    """Every figure on screen carries one of these, so they must be the published formulas."""
    for row in oracles.answers("proportions.json")["intervals_95"]:
        score, exact = wilson(row["k"], row["n"]), clopper_pearson(row["k"], row["n"])

        assert (score.lo, score.hi) == pytest.approx((row["wilson_lo"], row["wilson_hi"]), abs=1e-9)
        assert (exact.lo, exact.hi) == pytest.approx((row["clopper_pearson_lo"], row["clopper_pearson_hi"]), abs=1e-9)
        assert clopper_pearson_lower(row["k"], row["n"]) == pytest.approx(row["one_sided_95_lower"], abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (3, 7), (50, 51), (999, 1000)])
def test_clopper_pearson_agrees_with_scipy_beyond_the_table(k: int, n: int) -> None:
    """A second library guards the sizes that the answer file does not hold."""
    exact = binomtest(k, n).proportion_ci(method="exact")

    assert (clopper_pearson(k, n).lo, clopper_pearson(k, n).hi) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_a_rate_without_cases_is_undefined_with_its_reason() -> None:
    """0 of 0 is neither 0 nor 1; a number there would be invented."""
    for estimate in (wilson(0, 0), clopper_pearson(0, 0)):
        assert (estimate.value, estimate.lo, estimate.hi) == (None, None, None)
        assert estimate.reason == "no_cases"


def test_more_hits_than_cases_is_refused() -> None:
    """A count above its denominator is a bug of the caller, not a proportion."""
    with pytest.raises(ValueError, match="5 of 3"):
        wilson(5, 3)
