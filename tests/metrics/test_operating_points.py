"""The rules that choose a threshold, against brute force, and their promise as a promise."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from core.metrics import (
    OperatingPoint,
    Rule,
    clopper_pearson_lower,
    count_at,
    default_points,
    guaranteed_sensitivity,
    guaranteed_specificity,
    is_positive,
    youden,
)
from core.metrics.operating_points import allowed_misses


def point(**changes: Any) -> OperatingPoint:
    """A valid point to vary."""
    held: dict[str, Any] = {
        "name": "sensitivity 95%", "finding": "pneumonia", "threshold": 0.19, "rule": Rule.SENSITIVITY_GUARANTEE,
        "target": 0.95, "confidence": 0.95, "guaranteed": True, "cohort": "validation split", "chosen_on": "validation",
        "positives": 77, "negatives": 123, "tp": 74, "fp": 83, "fn": 3, "tn": 40,
    }  # fmt: skip
    return OperatingPoint(**(held | changes))


def test_a_score_equal_to_the_threshold_is_positive() -> None:
    """The one threshold rule of the house; `>` would lose a case at every tie."""
    assert is_positive([0.1, 0.2, 0.3], 0.2).tolist() == [False, True, True]


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


def test_youden_agrees_with_exact_fractions_and_takes_the_lowest_tie(oracles: Any) -> None:
    """A floating-point maximum would pick a tie at random."""
    rows = [r for r in oracles.answers("operating_points.json")["rules"] if r["rule"] == "youden"]
    for row in rows:
        assert youden(*oracles.cohort(row["input"], row["model"])) == (row["threshold"], tuple(row["tied_thresholds"]))


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


def test_the_sensitivity_promise_is_kept() -> None:
    """Known truth, 4,000 cohorts: the share of broken promises stays below its binomial bound."""
    random, target, cohorts = np.random.default_rng(3), 0.9, 4000
    broken = 0
    for scores in random.normal(size=(cohorts, 59)):
        threshold = guaranteed_sensitivity(scores, target).threshold
        true_sensitivity = 0.5 * math.erfc(threshold / math.sqrt(2))
        broken += true_sensitivity < target

    assert broken <= binom.ppf(0.999, cohorts, 0.05)


def test_default_points_leave_out_what_the_cohort_cannot_promise(oracles: Any) -> None:
    """77 positives carry 90 and 95 %; 6 carry nothing but Youden."""
    scores, labels = oracles.cohort("two_models.csv")
    made = default_points(scores, labels, finding="disease", cohort="two models", chosen_on="same_cases")
    few = default_points(*oracles.cohort("small.csv"), finding="disease", cohort="small", chosen_on="same_cases")

    assert [p.name for p in made] == [
        "sensitivity 95%", "sensitivity 90%", "specificity 95%", "specificity 90%", "Youden",
    ]  # fmt: skip
    assert [p.name for p in few] == ["Youden"]
    assert all(p.guaranteed is (p.target is not None) for p in made)


@pytest.mark.seeds(9)
def test_a_point_survives_json_and_stays_bound_to_its_weights() -> None:
    """Points travel in checkpoint headers; an infinite threshold must travel too."""
    for made in (point(weights_sha256="ab" * 32), point(threshold=math.inf), point(threshold=-math.inf)):
        assert OperatingPoint.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made
    assert point().bound_to("cd" * 32).weights_sha256 == "cd" * 32
    assert point().sensitivity.k == 74
    assert point().specificity.n == 123


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tp": 70}, "add up"),
        ({"threshold": math.nan}, "must be a number"),
        ({"tp": -1, "fn": 78}, "negative"),
        ({"target": None}, "names its target"),
    ],
)
def test_a_point_that_contradicts_itself_cannot_be_made(changes: dict[str, Any], reason: str) -> None:
    """An object that exists is valid."""
    with pytest.raises(ValueError, match=reason):
        point(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"surprise": 1}, "surprise"),
        ({"tp": "74"}, "whole numbers"),
        ({"tp": True}, "whole numbers"),
        ({"rule": "luck"}, "luck"),
        ({"threshold": None}, "not an operating point"),
    ],
)
def test_a_foreign_point_is_checked_field_by_field(changes: dict[str, Any], reason: str) -> None:
    """Headers come from outside: an unknown field or a wrong type is refused."""
    with pytest.raises(ValueError, match=reason):
        OperatingPoint.from_dict(point().to_dict() | changes)
    with pytest.raises(ValueError, match="tp"):
        OperatingPoint.from_dict({k: v for k, v in point().to_dict().items() if k != "tp"})
