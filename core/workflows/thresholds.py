"""A threshold for an answer: named by hand, chosen by a rule on these cases or on another file, or saved with a model.

Owns what was asked and how it is answered; the rules themselves are `core.metrics.rules`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.metrics.bootstrap import Resampler
from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import Cohort
from core.metrics.counts import Counts, count_at, figures, is_positive
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.rules import Chosen, choose_cost, choose_guarantee, choose_observed, choose_youden, default_choices
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import NO_ESTIMATE, Document, Method, plain

if TYPE_CHECKING:
    from core.models.model import Model

SAME_CASES = "same_cases"
SHARES = ("sensitivity", "specificity", "ppv", "npv")

RATE_OF: dict[Rule, Literal["sensitivity", "specificity"]] = {
    Rule.SENSITIVITY_GUARANTEE: "sensitivity",
    Rule.SPECIFICITY_GUARANTEE: "specificity",
    Rule.OBSERVED_SENSITIVITY: "sensitivity",
    Rule.OBSERVED_SPECIFICITY: "specificity",
}
"""The rate that a rule with a target is about."""


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """A rule and what it needs: a target for a rate, two costs for `cost`. confidence : of a guarantee.

    Raises
    ------
    ValueError : something the rule needs is missing or out of range; the message is for the one who asked.
    """

    rule: Rule
    target: float | None = None
    confidence: float = 0.95
    costs: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.rule is Rule.FIXED:
            raise ValueError("A fixed threshold is named as a number, not as a rule.")
        if self.rule in RATE_OF and (self.target is None or not 0 < self.target < 1):
            raise ValueError(f"The rule {self.rule} needs a target between 0 and 1.")
        if self.rule not in RATE_OF and self.target is not None:
            raise ValueError(f"The rule {self.rule} has no target.")
        if not 0 < self.confidence < 1:
            raise ValueError("A confidence lies between 0 and 1.")
        if (self.rule is Rule.COST) != (self.costs is not None):
            raise ValueError("The rule cost, and no other, needs the costs of a miss and of a false alarm.")
        if self.costs is not None and not (min(self.costs) >= 0 and max(self.costs) > 0):
            raise ValueError("Costs are at least 0, and one of them above.")


def choose(
    cohort: Cohort, model: str, asked: RuleAsked | None, method: Method, resampler: Resampler | None = None
) -> tuple[Chosen, ...]:
    """The rule's answer on these cases; the five default ones where no rule is asked."""
    scores, labels, clusters = cohort.scores[model], cohort.labels, method.clusters(cohort)
    if asked is None:
        return default_choices(scores, labels, clusters=clusters, resampler=resampler)
    if asked.rule is Rule.YOUDEN:
        return (choose_youden(scores, labels, clusters=clusters, resampler=resampler),)
    if asked.costs is not None:
        missed, false_alarm = asked.costs
        prevalence = method.prevalence
        made = choose_cost(
            scores, labels, missed, false_alarm, prevalence=prevalence, clusters=clusters, resampler=resampler
        )
        return (made,)
    if asked.target is None:
        raise AssertionError("a rule with a rate has a target")
    rate = RATE_OF[asked.rule]
    if asked.rule in (Rule.OBSERVED_SENSITIVITY, Rule.OBSERVED_SPECIFICITY):
        return (choose_observed(scores, labels, rate, asked.target, clusters=clusters, resampler=resampler),)
    return (choose_guarantee(scores, labels, rate, asked.target, alpha=1 - asked.confidence, clusters=clusters),)


def choose_elsewhere(
    chosen_on: CohortFile, cohort: Cohort, model: str, asked: RuleAsked | None, method: Method
) -> tuple[Chosen, ...]:
    """The rule's answer on another file, with counts and figures of these cases: what the threshold does here."""
    return tuple(
        replace(carried(chosen, cohort, model, method), chosen_on=chosen_on.file)
        for chosen in choose(chosen_on.cohort, model, asked, method)
    )


def fixed(threshold: float, cohort: Cohort, model: str, method: Method, chosen_on: str) -> Chosen:
    """A threshold that somebody named, with its counts and figures on these cases."""
    text = "This threshold was named by hand."
    made = Chosen(Rule.FIXED, None, None, threshold, False, chosen_on, text)
    return carried(made, cohort, model, method)


def carried(chosen: Chosen, cohort: Cohort, model: str, method: Method) -> Chosen:
    """The same threshold with counts and figures of these cases; its promise stays that of the cases that made it."""
    clusters, threshold = method.clusters(cohort), chosen.threshold
    if threshold is None:
        return chosen
    scores, labels = cohort.scores[model], cohort.labels
    counts = count_at(scores, labels, threshold)
    made = {name: figures(counts)[name] for name in SHARES}
    patients: Counts | None = None
    if clusters is not None:
        called = is_positive(scores, threshold)
        among = {"sensitivity": labels, "specificity": ~labels, "ppv": called, "npv": ~called}
        right = called == labels
        made |= {name: cluster_proportion(right[side], clusters[side]) for name, side in among.items() if np.any(side)}
        people = cohort.by_patient()
        patients = count_at(people.scores[model], people.labels, threshold)
    unit: Literal["case", "patient"] = "case" if clusters is None else "patient"
    return replace(chosen, counts=counts, figures=made, patients=patients, unit=unit, optimism=None)


def saved_point(model: Model, positive: str) -> OperatingPoint | None:
    """The operating point saved for a model's weights: of the finding that is positive here, else the first."""
    points = [point for point in model.operating_points if point.weights_sha256 == model.weights_sha256]
    return next((point for point in points if point.finding == positive), points[0] if points else None)


def point_document(chosen: Chosen) -> Document:
    """An operating point of section 11."""
    counts: dict[str, Any] = dict.fromkeys(("tp", "fp", "fn", "tn"))
    if chosen.counts is not None:
        counts = plain(chosen.counts)
    undefined = replace(NO_ESTIMATE, reason=chosen.reason or "no_threshold")
    return {
        "rule": str(chosen.rule),
        "target": chosen.target,
        "confidence": chosen.confidence,
        "threshold": plain(chosen.threshold),
        **counts,
        **{name: plain(chosen.figures.get(name, undefined)) for name in SHARES},
        "lower_bound": chosen.lower_bound,
        "guaranteed": chosen.guaranteed,
        "chosen_on": chosen.chosen_on,
        "optimism": plain(chosen.optimism),
        "tied_thresholds": plain(chosen.tied_thresholds),
        "unit": chosen.unit,
        "patients": plain(chosen.patients),
        "reason": chosen.reason,
        "text": chosen.text,
    }


def first_answered(chosen: Sequence[Chosen]) -> Chosen | None:
    """The first that has a threshold."""
    return next((one for one in chosen if one.threshold is not None), None)
