"""The area under the ROC curve against pROC, and against every pair counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.metrics import auc


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
