"""Intervals of a proportion against statsmodels and SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binomtest

from core.metrics.counts import Counts, figures
from core.metrics.intervals import (
    clopper_pearson,
    clopper_pearson_lower,
    koopman_ratio,
    newcombe_j,
    wilson,
    wilson_limits,
)
from core.metrics.level import Z_95


def test_wilson_and_clopper_pearson_agree_with_statsmodels(oracles: Any) -> None:
    """Every figure on screen carries one of these, so they must be the published formulas."""
    for row in oracles.answers("proportions.json")["intervals_95"]:
        score, exact = wilson(row["k"], row["n"]), clopper_pearson(row["k"], row["n"])

        assert (score.lo, score.hi) == pytest.approx((row["wilson_lo"], row["wilson_hi"]), abs=1e-9)
        assert (exact.lo, exact.hi) == pytest.approx((row["clopper_pearson_lo"], row["clopper_pearson_hi"]), abs=1e-9)
        assert clopper_pearson_lower(row["k"], row["n"]) == pytest.approx(row["one_sided_95_lower"], abs=1e-9)


def test_one_proportion_agrees_with_r_too(oracles: Any) -> None:
    """`binom.test` and `prop.test` on 211 of 213: a second maker of the same numbers."""
    answers = oracles.answers("auc_delong.json")["binom_check"]
    exact, score = clopper_pearson(211, 213), wilson(211, 213)

    assert [exact.lo, exact.hi] == pytest.approx(answers["cp_211_213"], abs=1e-9)
    assert [score.lo, score.hi] == pytest.approx(answers["wilson_211_213"], abs=1e-9)


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


def number(plain: float | str) -> float:
    """The oracle's "inf" as a number."""
    return float(plain)


def test_likelihood_ratio_limits_agree_with_direct_maximisation(oracles: Any) -> None:
    """Both ratios, infinite and zero ends included."""
    for row in oracles.answers("proportions.json")["likelihood_ratios"]:
        made = figures(Counts(row["tp"], row["fp"], row["positives"] - row["tp"], row["negatives"] - row["fp"]))
        for name in ("lr_positive", "lr_negative"):
            expected = tuple(number(row[key]) for key in (name, f"{name}_lo", f"{name}_hi"))
            assert (made[name].value, made[name].lo, made[name].hi) == pytest.approx(expected, rel=2e-6, abs=2e-6)


def test_youdens_interval_agrees_with_statsmodels(oracles: Any) -> None:
    """Newcombe's square-and-add interval of two independent proportions."""
    for row in oracles.answers("proportions.json")["difference_of_independent_proportions_newcombe"]:
        made = newcombe_j(row["tp"], row["positives"], row["fp"], row["negatives"])

        assert (made.value, made.lo, made.hi) == pytest.approx((row["youden_j"], row["lo"], row["hi"]), abs=1e-9)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_ratios_limits_lie_where_the_score_statistic_crosses(n1: int, n0: int, data: Any) -> None:
    """Koopman's inequality itself, by a plain search for the restricted likelihood, and the swap of groups."""
    k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    if k1 + k0 == 0:
        assert koopman_ratio(k1, n1, k0, n0).reason == "zero_of_zero"
        return
    made, turned = koopman_ratio(k1, n1, k0, n0), koopman_ratio(k0, n0, k1, n1)

    assert made.lo <= made.value <= made.hi
    assert made.lo == pytest.approx(1 / turned.hi if turned.hi > 0 else math.inf, rel=1e-6)
    for end in (made.lo, made.hi):
        if 0 < end < math.inf:
            assert statistic(end, k1, n1, k0, n0) == pytest.approx(Z_95**2, rel=1e-4)


def statistic(ratio: float, k1: int, n1: int, k0: int, n0: int) -> float:
    """Koopman's statistic with p0 found by minimising the negative likelihood."""
    top = min(1.0, 1 / ratio)

    def loss(p0: float) -> float:
        p1 = min(ratio * p0, 1.0)
        return -float(xlogy(k1, p1) + xlogy(n1 - k1, 1 - p1) + xlogy(k0, p0) + xlogy(n0 - k0, 1 - p0))

    p0 = minimize_scalar(loss, bounds=(0, top), method="bounded", options={"xatol": 1e-13}).x
    p1 = ratio * p0
    return (k1 - n1 * p1) ** 2 / (n1 * p1 * (1 - p1)) + (k0 - n0 * p0) ** 2 / (n0 * p0 * (1 - p0))


def test_ratios_and_differences_without_a_class_are_refused() -> None:
    """A ratio to a share of nothing has no meaning; the caller says `single_class` before."""
    with pytest.raises(ValueError, match="both groups"):
        koopman_ratio(1, 2, 0, 0)
    with pytest.raises(ValueError, match="both classes"):
        newcombe_j(0, 0, 1, 2)


def test_arrays_of_limits_are_the_single_limits() -> None:
    """The table of all thresholds and the card of one threshold must print the same."""
    low, high = wilson_limits([0, 3, 7, 0], [7, 7, 7, 0])

    assert low[:3].tolist() == [wilson(k, 7).lo for k in (0, 3, 7)]
    assert high[:3].tolist() == [wilson(k, 7).hi for k in (0, 3, 7)]
    assert np.isnan([low[3], high[3]]).all()
