"""Each figure with the interval of its unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.bootstrap import Resampler
from core.metrics.evaluate import (
    average_precision_estimate,
    brier_estimate,
    evaluate_at,
    partial_auc_estimate,
    sensitivity_at_specificity_estimate,
)


def test_independent_cases_get_formulas_first_and_resamples_for_the_rest(oracles: Any) -> None:
    """Which method goes with which figure is fixed, and printed."""
    scores, labels = oracles.cohort("two_models.csv")
    made = evaluate_at(scores, labels, 0.5, resampler=Resampler(labels, resamples=200))

    assert {name: e.method for name, e in made.items()} == {
        "sensitivity": "wilson", "specificity": "wilson", "ppv": "wilson", "npv": "wilson", "accuracy": "wilson",
        "lr_positive": "koopman", "lr_negative": "koopman", "youden_j": "newcombe", "f1": "bca_stratified",
        "mcc": "bca_stratified", "balanced_accuracy": "percentile_stratified",
    }  # fmt: skip
    assert all(e.lo <= e.value <= e.hi for e in made.values())
    assert evaluate_at(scores, labels, 0.5)["f1"].method is None


def test_repeated_patients_are_the_unit_of_every_interval(oracles: Any) -> None:
    """No figure of the card may fall back to images."""
    scores, labels = oracles.cohort("clustered.csv")
    patients = [row["patient_id"] for row in oracles.rows("clustered.csv")]
    made = evaluate_at(scores, labels, 0.5, resampler=Resampler(labels, patients, resamples=200))

    proportions = {"sensitivity", "specificity", "ppv", "npv", "accuracy"}
    assert {name for name, e in made.items() if e.method == "wilson_cluster"} == proportions
    assert {e.method for name, e in made.items() if name not in proportions} == {"percentile_cluster"}
    expected = oracles.answers("clustered.json")["proportions_at_0_5_model_a"][0]
    assert made["sensitivity"].lo == pytest.approx(expected["lo"], abs=1e-9)


def test_figures_undefined_in_the_cohort_stay_undefined(oracles: Any) -> None:
    """Resampling cannot bring back a missing denominator."""
    scores, labels = oracles.cohort("two_models.csv")
    patients = np.arange(len(labels)) // 2
    for clusters in (None, patients):
        made = evaluate_at(scores, labels, 2.0, resampler=Resampler(labels, clusters, resamples=50))
        assert (made["ppv"].value, made["ppv"].reason) == (None, "none_called_positive")
        assert made["mcc"].value is None
        assert made["lr_positive"].reason == "none_called_positive"


def test_an_infinite_end_of_a_resampled_ratio_is_infinite() -> None:
    """Some resamples without a false alarm make the upper end infinite, not a warning."""
    labels = np.repeat([True, False], 20)
    scores = np.concatenate([np.full(15, 0.9), np.full(5, 0.1), np.full(1, 0.9), np.full(19, 0.1)])
    made = evaluate_at(scores, labels, 0.5, resampler=Resampler(labels, np.arange(40) // 2 * 2, resamples=400))

    assert made["lr_positive"].hi == np.inf
    assert made["lr_positive"].lo < made["lr_positive"].value


def test_areas_and_scores_of_odd_cohorts_say_why(oracles: Any) -> None:
    """Constant scores, one class, and scores that are no probabilities."""
    constant = oracles.cohort("edge_constant.csv")
    made = average_precision_estimate(*constant, Resampler(constant[1]))
    expected = oracles.answers("edge.json")["constant"]["average_precision"]
    assert (made.value, made.lo, made.reason) == (pytest.approx(expected), None, "constant_score")

    single = oracles.cohort("edge_single_class.csv")
    draws = Resampler(single[1])
    assert average_precision_estimate(*single, draws).reason == "single_class"
    assert partial_auc_estimate(*single, draws, specificity_from=0.9)[0].reason == "single_class"
    assert sensitivity_at_specificity_estimate(*single, draws, 0.9).reason == "single_class"
    assert brier_estimate(*single, draws).value == pytest.approx(0.22741333333333333)
    assert brier_estimate([1.2, 0.1], [1, 0], draws).reason == "outside_0_1"
    assert brier_estimate([], [], draws).reason == "no_cases"

    single_figures = oracles.answers("edge.json")["single_class"]["sensitivity_at_0_5"]
    sensitivity = evaluate_at(*single, 0.5, resampler=draws)["sensitivity"]
    assert (sensitivity.k, sensitivity.n) == (single_figures["k"], single_figures["n"])
    assert (sensitivity.lo, sensitivity.hi) == pytest.approx((single_figures["lo"], single_figures["hi"]), abs=1e-9)


def test_partial_areas_and_attained_rates_get_percentile_intervals(oracles: Any) -> None:
    """The two figures whose interval follows their own re-chosen threshold or cut."""
    scores, labels = oracles.cohort("two_models.csv")
    draws = Resampler(labels, resamples=200)
    part, standard = partial_auc_estimate(scores, labels, draws, specificity_from=0.9)
    attained = sensitivity_at_specificity_estimate(scores, labels, draws, 0.9)

    assert standard == pytest.approx(0.727917354361514, abs=1e-9)
    for made in (part, attained):
        assert made.method == "percentile_stratified"
        assert made.lo < made.value < made.hi
