"""What a threshold can promise, against brute force, and the promise as a promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from core.metrics.counts import count_at
from core.metrics.guarantees import allowed_misses, guaranteed_sensitivity, guaranteed_specificity
from core.metrics.intervals import clopper_pearson_lower
from core.metrics.rules import Question, promise


def test_guarantee_rules_choose_what_brute_force_chooses(oracles: Any) -> None:
    """Threshold, counts and bound of both rules, over every target of the answer file."""
    rows = [r for r in oracles.answers("operating_points.json")["rules"] if r["rule"].endswith("_guarantee")]
    assert len(rows) == 40
    for row in rows:
        scores, labels = oracles.cohort(row["input"], row["model"])
        x, w = scores[labels == 1], scores[labels == 0]

        if row["rule"] == "sensitivity_guarantee":
            answer = guaranteed_sensitivity(x, row["target"])
        else:
            answer = guaranteed_specificity(w, row["target"], positive_scores=x)

        assert answer.threshold == (math.inf if row["threshold"] == "inf" else row["threshold"])
        if answer.threshold is not None:
            counts = count_at(scores, labels, answer.threshold)
            assert (counts.tp, counts.fn, counts.tn, counts.fp) == (row["tp"], row["fn"], row["tn"], row["fp"])
            assert clopper_pearson_lower(counts.tp, len(x)) == pytest.approx(row["sensitivity_lower_95"], abs=1e-10)


def test_allowed_misses_agree_with_the_binomial_table(oracles: Any) -> None:
    """The rank depends on the number of cases, the target and alpha alone."""
    answers = oracles.answers("operating_points.json")
    for row in answers["rank"]:
        assert allowed_misses(row["cases"], row["target"], 1 - row["confidence"]) == row["allowed_misses"]
    for row in answers["smallest_class_size"]:
        alpha = 1 - row["confidence"]
        assert guaranteed_sensitivity([0.5], row["target"], alpha).needed == row["cases"]
        assert allowed_misses(row["cases"], row["target"], alpha) == 0
        assert allowed_misses(row["cases"] - 1, row["target"], alpha) is None


def test_a_cohort_too_small_for_the_promise_says_what_it_needs() -> None:
    """The sentence of the evaluation page, word for word."""
    answer = guaranteed_sensitivity(np.linspace(0.12, 0.9, 40), 0.95)

    assert answer.threshold is None
    assert answer.text == (
        "No threshold of this cohort can promise 95 % sensitivity with 95 % confidence: that needs at least "
        "59 positives, and there are 40. The best promise here is 92.7 % (all 40 positives are at or above 0.12)."
    )


def test_a_specificity_promise_above_every_score_says_that_nobody_is_positive() -> None:
    """An infinite threshold is an answer, and must not look like one that finds anything."""
    answer = guaranteed_specificity(np.full(60, 0.3), 0.95)

    assert answer.threshold == math.inf
    assert "nobody is called positive" in answer.text


SIZES = [(59, 0.95, 0.3), (93, 0.95, 0.5), (213, 0.9, 0.7), (40, 0.9, 0.1)]


@pytest.mark.parametrize(("cases", "target", "prevalence"), SIZES)
def test_the_promise_is_kept(cases: int, target: float, prevalence: float) -> None:
    """Known truth, 2,000 cohorts a size and prevalence: broken promises stay below their binomial bound."""
    random, cohorts = np.random.default_rng(cases), 2000
    others = round(cases * (1 - prevalence) / prevalence)
    broken_sensitivity = broken_specificity = 0
    for _ in range(cohorts):
        x, w = random.normal(0, 1, cases), random.normal(1.5, 1, others)
        broken_sensitivity += norm.sf(guaranteed_sensitivity(x, target).threshold) < target
        # The same cases as negatives, with thresholds offered at the positives' scores too.
        threshold = guaranteed_specificity(x, target, positive_scores=w).threshold
        broken_specificity += norm.cdf(threshold) < target

    assert broken_sensitivity <= binom.ppf(0.999, cohorts, 0.05)
    assert broken_specificity <= binom.ppf(0.999, cohorts, 0.05)


COHORTS_OF = [(120, 0.5, 0.9), (400, 0.2, 0.95), (600, 0.06, 0.9), (3000, 0.02, 0.95)]


@pytest.mark.parametrize(("cases", "prevalence", "target"), COHORTS_OF)
def test_the_default_rule_keeps_its_promise_when_the_class_sizes_fall_as_they_do(
    cases: int, prevalence: float, target: float
) -> None:
    """Known truth, 2,000 cohorts as they are met: labels drawn too, and a cohort without an answer promises nothing."""
    random, cohorts = np.random.default_rng(cases), 2000
    broken = answered = 0
    for _ in range(cohorts):
        labels = random.random(cases) < prevalence
        made = guaranteed_sensitivity(random.normal(1.2 * labels, 1)[labels], target)
        if made.threshold is not None:
            answered += 1
            broken += norm.sf(made.threshold - 1.2) < target

    assert answered > cohorts / 4
    assert broken <= binom.ppf(0.999, cohorts, 0.05)


@pytest.mark.parametrize(("patients", "images"), [(60, 3), (150, 2)])
def test_the_promise_counts_patients_where_they_repeat(patients: int, images: int) -> None:
    """Known truth, 2,000 cohorts: a patient is found by the largest of alike images, and nine in ten are promised."""
    random, cohorts, broken = np.random.default_rng(patients), 2000, 0
    own, noise = random.normal(size=(200_000, 1)), random.normal(0, 0.5, (200_000, images))
    truth = np.sort((own + noise).max(axis=1))
    clusters, labels = np.repeat(np.arange(patients), images), np.ones(patients * images, bool)
    for _ in range(cohorts):
        scores = random.normal(size=(patients, 1)) + random.normal(0, 0.5, (patients, images))
        question = Question.of(scores.ravel(), labels, clusters)
        threshold = promise(question, "sensitivity", 0.9, 0.05).threshold
        broken += 1 - np.searchsorted(truth, threshold) / len(truth) < 0.9

    assert broken <= binom.ppf(0.999, cohorts, 0.05)


def test_ties_only_help_the_promise() -> None:
    """Rounded scores: a threshold at a tie calls more positives than the rank counted on."""
    random, cohorts, broken = np.random.default_rng(6), 2000, 0
    for _ in range(cohorts):
        threshold = guaranteed_sensitivity(np.round(random.normal(1, 1, 59) * 5) / 5, 0.95).threshold
        broken += norm.sf(threshold - 0.1 - 1) < 0.95  # rounding calls all from half a step below

    assert broken <= binom.ppf(0.999, cohorts, 0.05)


def test_the_taken_for_granted_rule_breaks_far_more_often() -> None:
    """Why `observed` is no guarantee: the true sensitivity is below the target in about half the cohorts."""
    random, cohorts = np.random.default_rng(5), 500
    ranked = np.sort(random.normal(size=(cohorts, 100)), axis=1)

    assert (norm.sf(ranked[:, 5]) < 0.95).mean() > 0.4


def test_no_case_promises_nothing() -> None:
    """An empty class has no best promise either."""
    for answer in (guaranteed_sensitivity([], 0.9), guaranteed_specificity([], 0.9)):
        assert (answer.threshold, answer.best_promise) == (None, 0.0)


def test_a_missing_positive_counted_as_worst_can_make_the_promise_empty() -> None:
    """A threshold of -inf keeps every promise by calling everybody, and must say so."""
    answer = guaranteed_sensitivity([-np.inf, *np.linspace(0.2, 0.9, 58)], 0.95)

    assert answer.threshold == -math.inf
    assert "everybody is called positive" in answer.text


def test_negatives_that_are_wrong_at_every_threshold_make_the_promise_impossible() -> None:
    """A missing score counted as worst is +inf: above it there is no threshold to offer."""
    negatives = np.concatenate([np.full(5, np.inf), np.linspace(0.1, 0.5, 95)])

    kept, broken = (guaranteed_specificity(negatives, target) for target in (0.85, 0.95))

    assert kept.threshold is not None
    assert broken.threshold is None
    assert "5 of 100 negatives count as wrong at every threshold, and 1 may be missed." in broken.text
    assert broken.best_promise < 0.95
