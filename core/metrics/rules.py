"""The rules that choose a threshold from a cohort, each with everything its answer has to name.

Owns Youden, cost, observed targets and the answer `Chosen`. Promises are `guarantees`', two thresholds at once
`two_thresholds`', what is saved with a model `operating_points`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.bootstrap import Resampler
from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import codes_of, largest
from core.metrics.counts import BoolArray, Counts, FloatArray, IntArray, checked, count_at, figures, is_positive, split
from core.metrics.curves import sensitivity_at_specificity, specificity_at_sensitivity
from core.metrics.guarantees import GUARANTEE_TARGETS, Guarantee, guaranteed_sensitivity, guaranteed_specificity
from core.metrics.intervals import ALPHA, Estimate, clopper_pearson_lower
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.optimism import (
    COST_SLACK,
    FigureOf,
    Optimism,
    RowsOf,
    best_gain,
    cheapest,
    cleared_share,
    first_with,
    hit_share,
    last_with,
    loss_of,
    optimism_of,
    youden_j,
)
from core.metrics.resampled import Curve
from core.metrics.sweep import Sweep, sweep

Unit = Literal["case", "patient"]
Rate = Literal["sensitivity", "specificity"]

SAME_CASES = "same_cases"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer of a rule. threshold : None, with `reason` and a sentence, where the cohort cannot give one.

    counts : of cases (images); patients : of patients, beside them, where `unit` is 'patient'. lower_bound : exact
    one-sided bound of the rate that a guarantee is about. tied_thresholds : all that are as good, rising; the
    lowest is taken. figures : sensitivity, specificity, ppv and npv of the cases. optimism : only for rules
    without a promise that were chosen on the same cases.
    """

    rule: Rule
    target: float | None
    confidence: float | None
    threshold: float | None
    guaranteed: bool
    chosen_on: str
    text: str
    counts: Counts | None = None
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    lower_bound: float | None = None
    tied_thresholds: tuple[float, ...] = ()
    unit: Unit = "case"
    patients: Counts | None = None
    optimism: Optimism | None = None
    reason: str | None = None

    def to_point(self, name: str, finding: str, cohort: str) -> OperatingPoint:
        """What is saved with a model; its counts are of the unit that the rule counted.

        Raises
        ------
        ValueError : there is no threshold.
        """
        counts = self.patients or self.counts
        if self.threshold is None or counts is None:
            raise ValueError("this rule chose no threshold")
        return OperatingPoint(
            name=name, finding=finding, threshold=self.threshold, rule=self.rule, target=self.target,
            confidence=self.confidence, guaranteed=self.guaranteed, cohort=cohort, chosen_on=self.chosen_on,
            positives=counts.positives, negatives=counts.negatives, unit=self.unit, **asdict(counts),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Cases and the unit that rules count: patients by their largest score and label where they repeat.

    scores, labels, clusters : (n_cases,). unit_scores, unit_labels : (units,).
    """

    scores: FloatArray
    labels: BoolArray
    clusters: IntArray | None
    unit_scores: FloatArray
    unit_labels: BoolArray

    @classmethod
    def of(cls, scores: ArrayLike, labels: ArrayLike, clusters: ArrayLike | None = None) -> Question:
        """The question about these cases; clusters None is one image a patient."""
        score, positive = checked(scores, labels)
        if clusters is None:
            return cls(score, positive, None, score, positive)
        codes = codes_of(clusters)
        return cls(score, positive, codes, largest(score, codes), largest(positive, codes) > 0)

    @property
    def unit(self) -> Unit:
        """What P counts."""
        return "case" if self.clusters is None else "patient"

    @property
    def both(self) -> bool:
        """Whether both classes are there."""
        return bool(self.unit_labels.any() and not self.unit_labels.all())

    def answered(self, chosen: Chosen) -> Chosen:
        """The answer with counts and figures at its threshold."""
        if chosen.threshold is None:
            return replace(chosen, unit=self.unit)
        counts = count_at(self.scores, self.labels, chosen.threshold)
        made = {name: figures(counts)[name] for name in ("sensitivity", "specificity", "ppv", "npv")}
        patients = None
        if self.clusters is not None:
            patients = count_at(self.unit_scores, self.unit_labels, chosen.threshold)
            made |= _clustered(self, chosen.threshold, made)
        return replace(chosen, counts=counts, figures=made, unit=self.unit, patients=patients)

    def resampler(self, given: Resampler) -> Resampler:
        """Resamples of the units that the rule counts."""
        if self.clusters is None:
            return given
        return Resampler(self.unit_labels, resamples=given.resamples, seed=given.seed)


def _clustered(question: Question, threshold: float, plain: Mapping[str, Estimate]) -> dict[str, Estimate]:
    called, labels = is_positive(question.scores, threshold), question.labels
    sides = {"sensitivity": labels, "specificity": ~labels, "ppv": called, "npv": ~called}
    patients = np.asarray(question.clusters)
    defined = {name: side for name, side in sides.items() if plain[name].value is not None}
    return {name: cluster_proportion((called == labels)[side], patients[side]) for name, side in defined.items()}


def choose_guarantee(
    scores: ArrayLike,
    labels: ArrayLike,
    rate: Rate,
    target: float,
    *,
    alpha: float = ALPHA,
    clusters: ArrayLike | None = None,
    chosen_on: str = SAME_CASES,
) -> Chosen:
    """The threshold that promises a sensitivity or specificity for new patients, or why there is none.

    Choosing on these very cases costs nothing, so `chosen_on` does not weaken the promise.
    """
    question = Question.of(scores, labels, clusters)
    answer = promise(question, rate, target, alpha)
    rule = Rule.SENSITIVITY_GUARANTEE if rate == "sensitivity" else Rule.SPECIFICITY_GUARANTEE
    made = question.answered(
        Chosen(
            rule, target, 1 - alpha, answer.threshold, answer.threshold is not None, chosen_on, answer.text,
            reason=_why_none(answer),
        )
    )  # fmt: skip
    counted = made.patients or made.counts
    if counted is None:
        return made
    k, n = (counted.tp, counted.positives) if rate == "sensitivity" else (counted.tn, counted.negatives)
    return replace(made, lower_bound=clopper_pearson_lower(k, n, alpha))


def _why_none(answer: Guarantee) -> str | None:
    if answer.threshold is not None:
        return None
    return "too_few_cases" if answer.allowed_misses is None else "missing_scores"


def promise(question: Question, rate: Rate, target: float, alpha: float) -> Guarantee:
    """The guarantee of one rate over the units of a question."""
    positives, negatives = split(question.unit_scores, question.unit_labels)
    if rate == "sensitivity":
        return guaranteed_sensitivity(positives, target, alpha)
    return guaranteed_specificity(negatives, target, alpha, positive_scores=positives)


def choose_observed(
    scores: ArrayLike,
    labels: ArrayLike,
    rate: Rate,
    target: float,
    *,
    clusters: ArrayLike | None = None,
    chosen_on: str = SAME_CASES,
    resampler: Resampler | None = None,
) -> Chosen:
    """The threshold that just meets a target among these cases: what is often taken for a guarantee, and is none."""
    question = Question.of(scores, labels, clusters)
    rule = Rule.OBSERVED_SENSITIVITY if rate == "sensitivity" else Rule.OBSERVED_SPECIFICITY
    find = specificity_at_sensitivity if rate == "sensitivity" else sensitivity_at_specificity
    found = find(sweep(question.unit_scores, question.unit_labels), target)
    if found is None:
        return question.answered(_none(rule, target, chosen_on))
    text = f"Among these cases the {rate} is at least {100 * target:g} % here. That is no promise for new patients."
    made = question.answered(Chosen(rule, target, None, found.threshold, False, chosen_on, text))
    rows = first_with(target) if rate == "sensitivity" else last_with(target)
    return _corrected(made, question, resampler, rate, rows, hit_share if rate == "sensitivity" else cleared_share)


def choose_youden(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    chosen_on: str = SAME_CASES,
    resampler: Resampler | None = None,
) -> Chosen:
    """The threshold of largest sensitivity + specificity - 1, corrected for having been chosen here.

    resampler : of the same labels; None leaves the correction out.
    """
    question = Question.of(scores, labels, clusters)
    if not question.both:
        return question.answered(_none(Rule.YOUDEN, None, chosen_on))
    threshold, tied = youden(question.unit_scores, question.unit_labels)
    text = "Sensitivity + specificity - 1 is largest here. That is no promise for new patients."
    made = Chosen(Rule.YOUDEN, None, None, threshold, False, chosen_on, text, tied_thresholds=tied)
    return _corrected(question.answered(made), question, resampler, "youden_j", best_gain, youden_j)


def choose_cost(
    scores: ArrayLike,
    labels: ArrayLike,
    cost_false_negative: float,
    cost_false_positive: float,
    prevalence: float | None = None,
    *,
    clusters: ArrayLike | None = None,
    chosen_on: str = SAME_CASES,
    resampler: Resampler | None = None,
) -> Chosen:
    """The threshold of least expected cost a case: cFN pi (FN/P) + cFP (1 - pi) (FP/N); ties go to the lowest.

    prevalence : pi; the cohort's own where None.

    Raises
    ------
    ValueError : a cost is negative, both are 0, or the prevalence lies outside 0..1.
    """
    if min(cost_false_negative, cost_false_positive) < 0 or not cost_false_negative + cost_false_positive > 0:
        raise ValueError("costs are at least 0, and one of them above")
    if prevalence is not None and not 0 <= prevalence <= 1:
        raise ValueError("a prevalence lies in 0 to 1")
    question = Question.of(scores, labels, clusters)
    if not question.both:
        return question.answered(_none(Rule.COST, None, chosen_on))
    pi = float(question.unit_labels.mean()) if prevalence is None else prevalence
    loss = loss_of(cost_false_negative * pi, cost_false_positive * (1 - pi))
    table = sweep(question.unit_scores, question.unit_labels)
    losses = loss(table.tp / table.positives, table.fp / table.negatives)
    tied = tuple(float(t) for t in table.thresholds[losses <= losses.min() + COST_SLACK][::-1])
    text = f"The expected cost is least here: {losses.min():.4g} a case at a prevalence of {100 * pi:.3g} %."
    made = Chosen(Rule.COST, None, None, tied[0], False, chosen_on, text, tied_thresholds=tied)
    return _corrected(question.answered(made), question, resampler, "expected_cost", cheapest(loss), loss)


def default_choices(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    chosen_on: str = SAME_CASES,
    resampler: Resampler | None = None,
) -> tuple[Chosen, ...]:
    """What a sweep offers when nobody names a rule: guarantees at 95 % and 90 % of both rates, and Youden."""
    rates: tuple[Rate, Rate] = ("sensitivity", "specificity")
    promises = tuple(
        choose_guarantee(scores, labels, rate, target, clusters=clusters, chosen_on=chosen_on)
        for rate in rates
        for target in GUARANTEE_TARGETS
    )
    return (*promises, choose_youden(scores, labels, clusters=clusters, chosen_on=chosen_on, resampler=resampler))


def default_points(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    finding: str,
    cohort: str,
    chosen_on: str,
    unit: Unit = "case",
) -> tuple[OperatingPoint, ...]:
    """The default choices as points to save, named; promises that the cohort is too small to make are left out.

    scores, labels : one a unit: for `unit` 'patient' the caller gives one score and label a patient.
    """
    named = {Rule.SENSITIVITY_GUARANTEE: "sensitivity", Rule.SPECIFICITY_GUARANTEE: "specificity"}
    points = []
    for chosen in default_choices(scores, labels, chosen_on=chosen_on):
        if chosen.threshold is not None:
            name = "Youden" if chosen.target is None else f"{named[chosen.rule]} {chosen.target:.0%}"
            points.append(replace(chosen.to_point(name, finding, cohort), unit=unit))
    return tuple(points)


def youden(scores: ArrayLike, labels: ArrayLike) -> tuple[float, tuple[float, ...]]:
    """The threshold of largest sensitivity + specificity - 1, and every threshold that ties with it, rising.

    Ties go to the lowest threshold. The integer TP*N - FP*P is maximised, never a floating-point sum.

    Raises
    ------
    ValueError : only one class is present.
    """
    table: Sweep = sweep(scores, labels)
    if not table.positives or not table.negatives:
        raise ValueError("Youden's index needs both classes")
    gain = table.tp * table.negatives - table.fp * table.positives
    tied = tuple(float(t) for t in table.thresholds[gain == gain.max()][::-1])
    return tied[0], tied


def _none(rule: Rule, target: float | None, chosen_on: str) -> Chosen:
    text = "Only one class is present, so there is nothing to choose between."
    return Chosen(rule, target, None, None, False, chosen_on, text, reason="single_class")


def _corrected(
    chosen: Chosen, question: Question, given: Resampler | None, name: str, rows_of: RowsOf, figure: FigureOf
) -> Chosen:
    """The answer with its optimism, where it was chosen on the same cases and these can be resampled."""
    if given is None or chosen.chosen_on != SAME_CASES or chosen.threshold is None:
        return chosen
    resampler = question.resampler(given)
    if resampler.reason is not None:
        return chosen
    curve, counts = Curve(question.unit_scores, question.unit_labels), chosen.patients or chosen.counts
    if counts is None:
        raise TypeError("an answer with a threshold has counts")
    return replace(chosen, optimism=optimism_of(curve, counts, resampler, name, rows_of, figure))
