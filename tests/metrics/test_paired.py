"""Paired tests and intervals against statsmodels, R's limits and brute force."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.intervals import Estimate
from core.metrics.paired import (
    Comparison,
    bootstrap_p,
    compare_auc,
    compare_correct,
    compare_right,
    holm,
    mcnemar,
    tango,
    with_holm,
)


def test_mcnemar_and_tango_agree_with_statsmodels_and_the_likelihood(oracles: Any) -> None:
    """Exact p, mid-p and score limits of every table of discordant pairs."""
    for row in oracles.answers("paired.json")["mcnemar"]:
        exact, mid = mcnemar(row["only_a_right"], row["only_b_right"])
        low, high = tango(row["only_a_right"], row["only_b_right"], row["cases"])

        assert exact == pytest.approx(row["p_exact"], abs=1e-10)
        assert mid == pytest.approx(row["p_mid"], abs=1e-10)
        assert (low, high) == pytest.approx((row["tango_lo"], row["tango_hi"]), abs=2e-6)


def test_models_at_stated_thresholds_agree_over_positives_negatives_and_all(oracles: Any) -> None:
    """Which cases are counted is half of a paired test."""
    for row in oracles.answers("paired.json")["two_models_at_0.5"]:
        a, labels = oracles.cohort("two_models.csv", row["a"])
        pair = np.stack([a, oracles.cohort("two_models.csv", row["b"])[0]])

        made = compare_right(row["a"], row["b"], row["metric"], pair, labels, (0.5, 0.5))

        assert (made.only_a_right, made.only_b_right) == (row["only_a_right"], row["only_b_right"])
        assert made.difference.n == row["cases"]
        assert made.difference.value == pytest.approx(row["difference"], abs=1e-10)
        assert (made.p_exact, made.p) == pytest.approx((row["p_exact"], row["p_mid"]), abs=1e-10)
        limits = (row["tango_lo"], row["tango_hi"])
        assert (made.difference.lo, made.difference.hi) == pytest.approx(limits, abs=2e-6)


def test_holm_agrees_with_statsmodels_and_skips_what_was_not_tested(oracles: Any) -> None:
    """A pair without a test must not make the others look better or worse."""
    for row in oracles.answers("paired.json")["holm"]:
        assert holm(row["p"]) == pytest.approx(row["p_holm"], abs=1e-10)
    assert holm([0.04, None, 0.01]) == [0.04, None, 0.02]


def test_holm_runs_over_the_pairs_of_one_primary_figure() -> None:
    """Adjusting over figures that nobody set out to test would hide what was."""
    rows = [Comparison("a", "b", m, Estimate(0.1, 0, 0.2, "x"), 0.03, "x", primary=m == "auc") for m in ("auc", "ap")]
    rows.append(Comparison("a", "c", "auc", Estimate(0.1, 0, 0.2, "x"), 0.04, "x"))

    assert [c.p_holm for c in with_holm(rows)] == [0.06, None, 0.06]


def test_non_inferiority_verdicts_agree_with_procs_limits(oracles: Any) -> None:
    """The lower end against the margin, new minus reference."""
    for row in oracles.answers("paired.json")["non_inferiority"]:
        new, labels = oracles.cohort(row["input"], row["new"])
        pair = np.stack([new, oracles.cohort(row["input"], row["reference"])[0]])

        made = compare_auc(row["new"], row["reference"], pair, labels).with_margin(row["margin"])

        assert made.difference.lo == pytest.approx(row["difference_lo"], abs=1e-9)
        assert made.non_inferior is row["non_inferior"]


def test_a_margin_has_no_default_and_lies_above_zero() -> None:
    """A margin of 0 would turn non-inferiority into superiority without saying so."""
    made = Comparison("a", "b", "auc", Estimate(0.1, None, None, None, reason="few_cases"), None, None)

    with pytest.raises(ValueError, match="above 0"):
        made.with_margin(0)
    assert made.with_margin(0.1).non_inferior is None


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_exact_p_is_the_share_of_coin_sequences_at_least_as_uneven(only_a: int, only_b: int, agree: int) -> None:
    """The definition counted out, and Tango's limits hold the estimate and mirror when the models swap."""
    n = only_a + only_b
    sequences = range(2 ** min(n, 12)) if n <= 12 else ()
    if sequences:
        heads = [bin(s).count("1") for s in sequences]
        tail = sum(h <= min(only_a, only_b) for h in heads) / len(heads)
        assert mcnemar(only_a, only_b)[0] == pytest.approx(min(1.0, 2 * tail))
    if n + agree:
        low, high = tango(only_a, only_b, n + agree)
        assert low <= (only_a - only_b) / (n + agree) <= high
        assert tango(only_b, only_a, n + agree) == pytest.approx((-high, -low), abs=1e-9)


def test_bootstrap_p_is_never_zero_and_needs_both_sides() -> None:
    """2,000 resamples cannot show a p below 1 in 1,000."""
    assert bootstrap_p(np.ones(1999)) == pytest.approx(2 / 2000)
    assert bootstrap_p(np.zeros(10)) == 1.0
    assert bootstrap_p([-1, 1, 1, 1]) == pytest.approx(4 / 5)


def test_cases_that_cannot_be_tested_say_why(oracles: Any) -> None:
    """Models that separate perfectly, rank alike, or see one class have no variance to test with."""
    scores, labels = oracles.cohort("edge_separated.csv")
    ties = np.stack([scores, scores])
    assert compare_auc("a", "b", ties, labels).difference.reason == "zero_variance"
    other = oracles.cohort("two_models.csv")
    assert compare_auc("a", "b", np.stack([other[0], 2 * other[0]]), other[1]).difference.reason == "zero_variance"
    assert compare_auc("a", "b", ties, np.ones(len(labels))).difference.reason == "single_class"
    assert compare_auc("a", "b", ties[:, :3], [0, 0, 1]).difference.reason == "few_cases"
    assert compare_correct("a", "b", "sensitivity", [], []).difference.reason == "no_cases"
    with pytest.raises(ValueError, match="repeated patients"):
        compare_right("a", "b", "accuracy", ties, labels, (0.5, 0.5), clusters=labels)
    with pytest.raises(ValueError, match="discordant"):
        tango(3, 4, 6)


def test_swapping_models_turns_the_sign_and_keeps_p(oracles: Any) -> None:
    """A comparison must not depend on who is named first."""
    columns = {m: oracles.cohort("two_models.csv", m)[0] for m in ("model_a", "model_b", "model_c")}
    labels = oracles.cohort("two_models.csv")[1]
    for a, b in itertools.combinations(columns, 2):
        there = compare_auc(a, b, np.stack([columns[a], columns[b]]), labels)
        back = compare_auc(b, a, np.stack([columns[b], columns[a]]), labels)
        assert back.difference.value == pytest.approx(-there.difference.value, abs=1e-12)
        assert back.p == pytest.approx(there.p, abs=1e-12)
