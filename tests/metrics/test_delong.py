"""Areas and their covariance against pROC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.curves import auc, partial_auc
from core.metrics.delong import delong
from core.metrics.paired import compare_auc, holm, with_holm

COHORTS = ("two_models", "asah")


@pytest.fixture(params=COHORTS)
def proc(request: pytest.FixtureRequest, oracles: Any) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """(answers of pROC, scores by model, labels)."""
    source = oracles if request.param == "two_models" else request.getfixturevalue("shared_oracles")
    answers = source.answers("auc_delong.json")[request.param]
    scores = {model: source.cohort(answers["input"], model)[0] for model in answers["models"]}
    return answers, scores, source.cohort(answers["input"], next(iter(scores)))[1]


def test_areas_variances_and_both_intervals_agree_with_proc(proc: Any) -> None:
    """pROC is what a statistician compares with."""
    answers, scores, labels = proc
    for model, expected in answers["models"].items():
        logit, wald = auc(scores[model], labels), auc(scores[model], labels, interval="wald")

        assert logit.value == pytest.approx(expected["auc"], abs=1e-9)
        assert logit.se == pytest.approx(expected["delong_se"], abs=1e-9)
        assert (logit.lo, logit.hi) == pytest.approx((expected["logit_lo"], expected["logit_hi"]), abs=1e-9)
        assert (wald.lo, wald.hi) == pytest.approx((expected["wald_lo"], expected["wald_hi"]), abs=1e-9)
        assert (logit.method, wald.method) == ("delong_logit", "delong_wald")


def test_partial_areas_agree_with_proc(proc: Any) -> None:
    """Plain and standardised, over high specificity and over high sensitivity."""
    answers, scores, labels = proc
    for model, expected in answers["models"].items():
        for bound in (0.9, 0.8):
            part = partial_auc(scores[model], labels, specificity_from=bound)
            assert part.area == pytest.approx(expected[f"partial_auc_spec_{bound:.2f}_to_1"], abs=1e-9)
            assert part.standardised == pytest.approx(expected[f"partial_auc_spec_{bound:.2f}_to_1_mcclish"], abs=1e-9)
        part = partial_auc(scores[model], labels, sensitivity_from=0.9)
        assert part.area == pytest.approx(expected["partial_auc_sens_0.90_to_1"], abs=1e-9)


def test_paired_differences_agree_with_procs_test(proc: Any) -> None:
    """Covariance, z, p, interval and Holm's adjustment of every pair."""
    answers, scores, labels = proc
    made = []
    for row in answers["pairs"]:
        pair = np.stack([scores[row["a"]], scores[row["b"]]])
        comparison = compare_auc(row["a"], row["b"], pair, labels)
        made.append(comparison)

        assert delong(pair, labels).covariance[0, 1] == pytest.approx(row["covariance"], abs=1e-9)
        assert comparison.difference.value == pytest.approx(row["difference"], abs=1e-9)
        assert comparison.difference.se == pytest.approx(row["se_difference"], abs=1e-9)
        assert (comparison.difference.lo, comparison.difference.hi) == pytest.approx((row["lo"], row["hi"]), abs=1e-9)
        assert comparison.p == pytest.approx(row["p"], abs=1e-9)
    assert [c.p_holm for c in with_holm(made)] == pytest.approx(answers["p_holm"], abs=1e-9)
    assert holm([c.p for c in made]) == pytest.approx(answers["p_holm"], abs=1e-9)


def test_all_pairs_give_the_same_covariance() -> None:
    """The definition, pair by pair, on scores full of ties."""
    random = np.random.default_rng(4)
    scores, labels = random.integers(0, 5, (3, 40)).astype(float), random.random(40) < 0.4
    kernel = [(s[labels][:, None] > s[~labels]) + (s[labels][:, None] == s[~labels]) / 2 for s in scores]
    v10, v01 = np.stack([k.mean(1) for k in kernel]), np.stack([k.mean(0) for k in kernel])

    made = delong(scores, labels)

    np.testing.assert_allclose(made.values, v10.mean(1), atol=1e-12)
    np.testing.assert_allclose(made.covariance, np.cov(v10) / v10.shape[1] + np.cov(v01) / v01.shape[1], atol=1e-12)


def test_one_case_of_a_class_has_no_variance() -> None:
    """A variance from one case would be a division by zero."""
    with pytest.raises(ValueError, match="two cases"):
        delong([0.1, 0.2, 0.3], [1, 0, 0])
