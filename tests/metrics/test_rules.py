"""The rules that choose a threshold, against brute force and exact fractions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from core.metrics.bootstrap import Resampler
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.rules import (
    choose_cost,
    choose_guarantee,
    choose_observed,
    choose_youden,
    default_choices,
    default_points,
    youden,
)


def rows_of(oracles: Any, *rules: str) -> list[dict[str, Any]]:
    """The oracle's rows of these rules."""
    rows = [row for row in oracles.answers("operating_points.json")["rules"] if row["rule"] in rules]
    assert rows
    return rows


def test_guarantees_name_counts_and_the_exact_bound(oracles: Any) -> None:
    """Both promises at every target: threshold, four counts, bound."""
    for row in rows_of(oracles, "sensitivity_guarantee", "specificity_guarantee"):
        rate = row["rule"].partition("_")[0]
        made = choose_guarantee(*oracles.cohort(row["input"], row["model"]), rate, row["target"])

        assert made.rule == row["rule"]
        assert made.threshold == (None if row["threshold"] is None else float(row["threshold"]))
        assert made.guaranteed is (row["threshold"] is not None)
        if made.threshold is None:
            assert made.reason == "too_few_cases"
            assert "best promise" in made.text
            continue
        found = (made.counts.tp, made.counts.fn, made.counts.tn, made.counts.fp)
        assert found == (row["tp"], row["fn"], row["tn"], row["fp"])
        assert made.lower_bound == pytest.approx(row[f"{rate}_lower_95"], abs=1e-10)
        assert made.lower_bound >= row["target"]
        assert made.figures["sensitivity"].k == row["tp"]


def test_youden_agrees_with_exact_fractions_and_takes_the_lowest_tie(oracles: Any) -> None:
    """A floating-point maximum would pick a tie at random."""
    rows = [r for r in oracles.answers("operating_points.json")["rules"] if r["rule"] == "youden"]
    for row in rows:
        assert youden(*oracles.cohort(row["input"], row["model"])) == (row["threshold"], tuple(row["tied_thresholds"]))


def test_the_cost_rule_agrees_with_brute_force(oracles: Any) -> None:
    """Costs and prevalence move the threshold as they should, ties to the lowest."""
    for row in rows_of(oracles, "cost"):
        cohort = oracles.cohort(row["input"], row["model"])
        made = choose_cost(*cohort, row["cost_false_negative"], row["cost_false_positive"], row["prevalence"])

        assert (made.threshold, list(made.tied_thresholds)) == (row["threshold"], row["tied_thresholds"])
        assert f"{row['expected_cost']:.4g}" in made.text


def test_observed_targets_agree_with_brute_force_and_promise_nothing(oracles: Any) -> None:
    """The attained point, never interpolated, and a sentence that says it is no promise."""
    for row in rows_of(oracles, "sensitivity_at_specificity", "specificity_at_sensitivity"):
        rate = row["rule"].rpartition("_")[2]
        made = choose_observed(*oracles.cohort(row["input"], row["model"]), rate, row["target"])

        assert made.threshold == (math.inf if row["threshold"] == "inf" else row["threshold"])
        assert made.figures["sensitivity"].value == pytest.approx(row["sensitivity"], abs=1e-12)
        assert made.figures["specificity"].value == pytest.approx(row["specificity"], abs=1e-12)
        assert not made.guaranteed
        assert "no promise" in made.text


def test_default_choices_are_the_five_of_the_page(oracles: Any) -> None:
    """Promises that cannot be made stay in the list with their reason."""
    made = default_choices(*oracles.cohort("small.csv"))

    assert [(c.rule, c.target) for c in made] == [
        (Rule.SENSITIVITY_GUARANTEE, 0.95), (Rule.SENSITIVITY_GUARANTEE, 0.9),
        (Rule.SPECIFICITY_GUARANTEE, 0.95), (Rule.SPECIFICITY_GUARANTEE, 0.9), (Rule.YOUDEN, None),
    ]  # fmt: skip
    assert [c.threshold is None for c in made] == [True] * 4 + [False]


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


def test_repeated_patients_count_once_with_their_images_beside(oracles: Any) -> None:
    """The promise is about patients: largest score, largest label, and P counts patients."""
    scores, labels = oracles.cohort("clustered.csv")
    patients = np.array([row["patient_id"] for row in oracles.rows("clustered.csv")])
    names = np.unique(patients)
    top = np.array([scores[patients == name].max() for name in names])
    ill = np.array([labels[patients == name].max() for name in names])

    made = choose_guarantee(scores, labels, "sensitivity", 0.8, clusters=patients)
    plain = choose_guarantee(top, ill, "sensitivity", 0.8)

    assert made.unit == "patient"
    assert (made.threshold, made.patients, made.lower_bound) == (plain.threshold, plain.counts, plain.lower_bound)
    assert made.counts.cases == len(scores)
    assert made.figures["sensitivity"].method == "wilson_cluster"
    corrected = choose_youden(scores, labels, clusters=patients, resampler=Resampler(labels, patients, resamples=50))
    assert corrected.optimism.resamples == 50
    assert made.to_point("sensitivity 80%", "disease", "clustered").positives == int(ill.sum())


def test_a_choice_becomes_a_point_that_can_be_saved(oracles: Any) -> None:
    """The page saves what it shows."""
    made = choose_guarantee(*oracles.cohort("two_models.csv"), "sensitivity", 0.9)
    point = made.to_point("sensitivity 90%", "disease", "two models")

    assert OperatingPoint.from_dict(point.to_dict()) == point
    assert (point.threshold, point.tp, point.guaranteed) == (0.19, 74, True)
    with pytest.raises(ValueError, match="no threshold"):
        choose_guarantee([0.1, 0.2], [0, 1], "sensitivity", 0.9).to_point("x", "y", "z")


def test_one_class_and_impossible_costs_are_answered_or_refused() -> None:
    """Nothing to choose between is an answer; a negative cost is a mistake."""
    for made in (choose_youden([0.1, 0.2], [1, 1]), choose_cost([0.1], [0], 1, 1)):
        assert (made.threshold, made.reason) == (None, "single_class")
    assert choose_observed([0.1, 0.2], [1, 1], "specificity", 0.9).reason == "single_class"
    for costs in ((-1, 1), (0, 0)):
        with pytest.raises(ValueError, match="costs"):
            choose_cost([0.1, 0.2], [0, 1], *costs)
    with pytest.raises(ValueError, match="prevalence"):
        choose_cost([0.1, 0.2], [0, 1], 1, 1, 1.5)
    with pytest.raises(ValueError, match="both classes"):
        youden([0.1], [1])
