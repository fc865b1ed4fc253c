"""Two promises together: the answers of the evaluation page's section 6, and carried to other cases."""

from __future__ import annotations

import pytest

from core.metrics.rules import choose_guarantee
from core.workflows.cohort_file import read_cohort
from core.workflows.documents import Method
from core.workflows.two_targets import TargetsAsked, abstain_document, two_targets_document

from .answers import ORACLES

METHOD = Method(resamples=100)


def test_each_promise_takes_half_of_the_error() -> None:
    """Together they then hold with the confidence that is printed."""
    file = read_cohort(ORACLES / "two_models.csv", models=["model_a"])
    scores, labels = file.cohort.scores["model_a"], file.cohort.labels
    low = choose_guarantee(scores, labels, "sensitivity", 0.9, alpha=0.025).threshold
    high = choose_guarantee(scores, labels, "specificity", 0.9, alpha=0.025).threshold

    band = abstain_document(file, "model_a", TargetsAsked(0.9, 0.9), METHOD)
    one = two_targets_document(file, "model_a", TargetsAsked(0.9, 0.9), METHOD)

    assert (band["low"], band["high"], band["confidence"]) == (low, high, 0.95)
    assert (one["low"], one["high"], one["threshold"], one["guaranteed"]) == (low, high, None, False)
    assert one["sensitivity"]["reason"] == "no_threshold"
    assert one["text"].startswith("No single threshold carries both")


def test_referred_and_decided_add_up() -> None:
    """The workload is what a department asks first."""
    file = read_cohort(ORACLES / "two_models.csv", models=["model_a"])
    scores, labels = file.cohort.scores["model_a"], file.cohort.labels

    band = abstain_document(file, "model_a", TargetsAsked(0.9, 0.9), METHOD)

    between = (scores >= band["low"]) & (scores < band["high"])
    assert band["referred"] == int(between.sum())
    assert band["referred_positives"] == int((between & labels).sum())
    assert sum(band["decided"].values()) + band["referred"] == band["cases"] == 200
    assert band["sensitivity"]["n"] == band["decided"]["tp"] + band["decided"]["fn"]
    assert band["referred_share"]["k"] == band["referred"]


def test_one_threshold_that_carries_both_is_named_with_its_counts() -> None:
    """Modest targets need no band."""
    file = read_cohort(ORACLES / "two_models.csv", models=["model_a"])

    one = two_targets_document(file, "model_a", TargetsAsked(0.8, 0.2), METHOD)

    assert one["guaranteed"]
    assert one["threshold"] == one["low"] >= one["high"]
    assert one["sensitivity"]["k"] == one["counts"]["tp"]


def test_thresholds_of_other_cases_are_counted_on_these() -> None:
    """Chosen here, judged there: the clean way."""
    file = read_cohort(ORACLES / "two_models.csv", models=["model_a"])
    other = read_cohort(ORACLES / "slices.csv")
    column = other.models[0]
    chosen = read_cohort(ORACLES / "two_models.csv", models=["model_a"], name="other.csv")

    band = abstain_document(other, column, TargetsAsked(0.8, 0.8), METHOD, _renamed(chosen, column))

    assert band["chosen_on"] == "other.csv"
    assert band["cases"] == other.cohort.n
    own = abstain_document(file, "model_a", TargetsAsked(0.8, 0.8), METHOD)
    assert (band["low"], band["high"]) == (own["low"], own["high"])


def _renamed(file, column):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    cohort = replace(file.cohort, scores={column: file.cohort.scores["model_a"]})
    return replace(file, cohort=cohort)


def test_too_few_cases_for_a_promise_say_what_it_needs() -> None:
    """No band is better than one that cannot hold."""
    file = read_cohort(ORACLES / "edge_few.csv")

    band = abstain_document(file, file.models[0], TargetsAsked(0.95, 0.95), METHOD)

    assert (band["low"], band["referred"], band["decided"]) == (None, None, None)
    assert "needs at least" in band["text"]
    assert band["referred_share"]["reason"] == "no_threshold"


@pytest.mark.parametrize("targets", [(0.0, 0.9), (0.9, 1.0), (0.9, 0.9, 1.0)])
def test_targets_lie_between_0_and_1(targets: tuple[float, ...]) -> None:
    """Certainty cannot be promised from cases."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        TargetsAsked(*targets)
