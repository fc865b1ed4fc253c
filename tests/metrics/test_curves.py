"""The area under the ROC curve against pROC, and against every pair counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from core.metrics.curves import (
    area_notes,
    auc,
    average_precision,
    partial_auc,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from core.metrics.sweep import sweep


@pytest.mark.parametrize("model", ["model_a", "model_b", "model_c"])
def test_area_and_delong_interval_agree_with_proc(oracles: Any, model: str) -> None:
    """pROC is what a statistician compares with."""
    expected = oracles.answers("auc_delong.json")["two_models"]["models"][model]

    answer = auc(*oracles.cohort("two_models.csv", model))

    assert answer.value == pytest.approx(expected["auc"], abs=1e-9)
    assert (answer.lo, answer.hi) == pytest.approx((expected["logit_lo"], expected["logit_hi"]), abs=1e-9)
    assert answer.method == "delong_logit"


def test_area_equals_the_share_of_pairs_ties_half() -> None:
    """The definition itself, counted pair by pair over many tied cohorts."""
    random = np.random.default_rng(9)
    for _ in range(50):
        scores, labels = random.integers(0, 6, 25) / 5, np.append(random.integers(0, 2, 23), [0, 1])
        pairs = [(x > w) + (x == w) / 2 for x in scores[labels == 1] for w in scores[labels == 0]]

        answer = auc(scores, labels)

        assert answer.value == pytest.approx(np.mean(pairs), abs=1e-12)
        assert answer.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_perfect_separation_gets_the_exact_bound_not_a_certainty(oracles: Any) -> None:
    """DeLong's variance is 0 there; printing 1 to 1 would promise too much."""
    expected = oracles.answers("edge.json")["separated"]

    answer = auc(*oracles.cohort("edge_separated.csv"))

    assert (answer.value, answer.hi, answer.method) == (1.0, 1.0, "exact_boundary")
    assert answer.lo == pytest.approx(expected["lo"], abs=1e-10)


def test_cohorts_that_cannot_answer_say_why(oracles: Any) -> None:
    """One class, or one score for all: no interval may be made up."""
    assert auc(*oracles.cohort("edge_single_class.csv")).reason == "single_class"
    constant = auc(*oracles.cohort("edge_constant.csv"))
    assert (constant.value, constant.lo, constant.reason) == (0.5, None, "constant_score")
    assert auc([0.1, 0.5, 0.3], [0, 1, 1]).method == "exact_boundary"
    assert auc([0.1, 0.5, 0.3], [1, 0, 1]).method == "exact_boundary"
    assert auc([0.2, 0.1, 0.3], [1, 0, 0]).reason == "few_cases"


def test_few_cases_still_get_delongs_interval(oracles: Any) -> None:
    """Three against five can be answered; the width says the rest."""
    expected = oracles.answers("edge.json")["few"]

    answer = auc(*oracles.cohort("edge_few.csv"))

    assert (answer.value, answer.lo, answer.hi) == pytest.approx((expected["auc"], expected["lo"], expected["hi"]))


@pytest.mark.parametrize(("scores", "labels"), [([0.1], [0, 1]), ([float("nan"), 1], [0, 1]), ([1, 2], [0, 2])])
def test_scores_and_labels_that_do_not_fit_are_refused(scores: list[float], labels: list[int]) -> None:
    """A silent mismatch would shift every figure."""
    with pytest.raises(ValueError, match="score"):
        auc(scores, labels)


@pytest.mark.parametrize(
    ("file", "model"), [("small.csv", "model_a"), ("two_models.csv", "model_a"), ("two_models.csv", "model_b")]
)
def test_average_precision_and_partial_areas_agree_with_scikit_learn(oracles: Any, file: str, model: str) -> None:
    """The step sum; the trapezoid under the same points is another, larger number."""
    expected = oracles.answers("sweep.json")["cases"][f"{file}:{model}"]["curves"]
    scores, labels = oracles.cohort(file, model)
    table = sweep(scores, labels)

    assert average_precision(scores, labels) == pytest.approx(expected["average_precision"], abs=1e-10)
    assert average_precision(scores, labels) != pytest.approx(expected["pr_trapezoid_for_contrast"], abs=1e-4)
    assert auc(scores, labels).value == pytest.approx(expected["auc"], abs=1e-10)
    standard = partial_auc(scores, labels, specificity_from=0.9).standardised
    assert standard == pytest.approx(expected["partial_auc_mcclish_fpr_0_to_0_10"], abs=1e-10)
    np.testing.assert_allclose(table.fp / table.negatives, expected["roc_fpr"], atol=1e-10)
    np.testing.assert_allclose(table.tp / table.positives, expected["roc_tpr"], atol=1e-10)
    assert table.thresholds.tolist() == [float(t) for t in expected["roc_thresholds"]]


def test_attained_rates_agree_with_brute_force(oracles: Any) -> None:
    """A rate at a threshold that exists, never interpolated."""
    find = {
        "sensitivity_at_specificity": sensitivity_at_specificity,
        "specificity_at_sensitivity": specificity_at_sensitivity,
    }
    rows = [r for r in oracles.answers("operating_points.json")["rules"] if r["rule"] in find]
    assert rows
    for row in rows:
        made = find[row["rule"]](sweep(*oracles.cohort(row["input"], row["model"])), row["target"])

        assert made.threshold == float(row["threshold"])
        assert (made.sensitivity, made.specificity) == pytest.approx(
            (row["sensitivity"], row["specificity"]), abs=1e-12
        )


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=25))
def test_average_precision_is_the_definition(pairs: list[tuple[int, bool]]) -> None:
    """scikit-learn on scores full of ties; None where a class is missing."""
    scores, labels = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    if labels.all() or not labels.any():
        assert average_precision(scores, labels) is None
        assert partial_auc(scores, labels, sensitivity_from=0.9) is None
        assert sensitivity_at_specificity(sweep(scores, labels), 0.9) is None
        assert specificity_at_sensitivity(sweep(scores, labels), 0.9) is None
        return
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    whole = partial_auc(scores, labels, specificity_from=0.0)
    assert whole.area == pytest.approx(auc(scores, labels).value, abs=1e-12)


def test_partial_areas_name_one_bound() -> None:
    """Two bounds, or a bound of 1, leave nothing to measure."""
    for bounds in ({}, {"specificity_from": 0.9, "sensitivity_from": 0.9}, {"specificity_from": 1.0}):
        with pytest.raises(ValueError, match="one bound"):
            partial_auc([0.1, 0.2], [0, 1], **bounds)


def test_areas_below_a_half_and_at_the_edge_are_told(oracles: Any) -> None:
    """Scores are never flipped silently, and certainty is never claimed silently."""
    scores, labels = oracles.cohort("two_models.csv")

    assert [n.code for n in area_notes(auc(-scores, labels))] == ["auc_below_half"]
    assert [n.code for n in area_notes(auc(*oracles.cohort("edge_separated.csv")))] == ["auc_at_boundary"]
    assert [n.code for n in area_notes(auc(*oracles.cohort("edge_constant.csv")))] == ["constant_score"]
    assert area_notes(auc(scores, labels)) == ()
