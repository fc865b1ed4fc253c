"""Two promises at once against brute force, and the joint promise as a promise."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binom, norm

from core.metrics.two_thresholds import abstain_band, two_targets


def test_the_abstain_band_agrees_with_brute_force(oracles: Any) -> None:
    """Both thresholds, who is referred, and what is right among the decided."""
    rows = [r for r in oracles.answers("operating_points.json")["rules"] if r["rule"] == "abstain_band"]
    assert len(rows) == 6
    for row in rows:
        scores, labels = oracles.cohort(row["input"], row["model"])
        made = abstain_band(scores, labels, row["target_sensitivity"], row["target_specificity"])

        assert (made.low, made.high, made.confidence) == (row["low"], row["high"], row["joint_confidence"])
        assert (made.referred, made.referred_positives) == (row["abstained"], row["abstained_positives"])
        assert made.decided.tp + made.decided.fp == row["called_positive"]
        assert made.decided.fn + made.decided.tn == row["called_negative"]
        assert (made.decided.tp, made.decided.tn) == (row["true_positives"], row["true_negatives"])
        assert (made.referred_share.k, made.referred_share.n) == (row["abstained"], len(scores))


def test_where_the_thresholds_cross_one_is_enough() -> None:
    """Well separated classes: no band, both promises at one threshold, nobody referred."""
    scores, labels = np.concatenate([np.linspace(0, 0.4, 80), np.linspace(0.5, 0.9, 80)]), np.repeat([0, 1], 80)
    band, both = abstain_band(scores, labels, 0.9, 0.9), two_targets(scores, labels, 0.9, 0.9)

    assert band.low >= band.high
    assert (band.referred, both.threshold) == (0, band.low)
    assert "no band" in band.text
    assert "both hold together" in both.text


def test_where_they_do_not_no_single_threshold_is_offered(oracles: Any) -> None:
    """Printing one of the two would break the other promise."""
    made = two_targets(*oracles.cohort("two_models.csv"), 0.9, 0.9)

    assert made.threshold is None
    assert made.low < made.high
    assert "No single threshold" in made.text


def test_the_band_says_what_it_promises(oracles: Any) -> None:
    """Who is referred is a count of these cases; what holds for new ones is the reason for two thresholds."""
    made = abstain_band(*oracles.cohort("two_models.csv"), 0.9, 0.9)

    assert made.text.startswith(
        f"With 95 % confidence, of new cases drawn like these at most 10 % with the finding lie below {made.low:.4g} "
        f"and at most 10 % without it at or above {made.high:.4g}."
    )


def test_a_small_cohort_says_what_each_promise_needs(oracles: Any) -> None:
    """Half the error each, so more cases are needed than for one promise."""
    cohort = oracles.cohort("small.csv")

    for made in (two_targets(*cohort, 0.9, 0.9), abstain_band(*cohort, 0.9, 0.9)):
        assert (made.low, made.high) == (None, None)
        assert "97.5 % confidence" in made.text
    assert abstain_band(*cohort, 0.9, 0.9).referred_share is None


def test_both_promises_hold_together() -> None:
    """Known truth, 1,500 cohorts: one or the other breaks in no more than the stated share."""
    random, cohorts, broken = np.random.default_rng(12), 1500, 0
    labels = np.repeat([True, False], [60, 90])
    for _ in range(cohorts):
        made = two_targets(np.concatenate([random.normal(1, 1, 60), random.normal(0, 1, 90)]), labels, 0.9, 0.9)
        broken += norm.sf(made.low - 1) < 0.9 or norm.cdf(made.high) < 0.9

    assert broken <= binom.ppf(0.999, cohorts, 0.05)
