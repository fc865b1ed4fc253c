"""What acting on a score is worth, and what its figures become where the finding is rarer or commoner.

Owns net benefit and the shift to another prevalence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import Counts, FloatArray, IntArray, checked, figures, undefined
from core.metrics.intervals import Estimate
from core.metrics.resampled import Curve

GRID = tuple(i / 100 for i in range(1, 100))
"""The probabilities at which a decision curve is drawn."""

CARRY_OVER = "This assumes that sensitivity and specificity carry over to that population."
"""Printed beside every figure at another prevalence."""


@dataclass(frozen=True, slots=True, eq=False)
class NetBenefit:
    """Net benefit a case, at each probability; (k,) each. Treating nobody is worth 0."""

    probability: FloatArray
    model: FloatArray
    treat_all: FloatArray


def net_benefit(
    scores: ArrayLike, labels: ArrayLike, probabilities: ArrayLike = GRID, prevalence: float | None = None
) -> NetBenefit | None:
    """prev sens(t) - (1 - prev)(1 - spec(t)) t/(1 - t), with t both the probability and the threshold.

    Parameters
    ----------
    scores : (n_cases,) in 0..1. prevalence : the cohort's own where None.

    Returns
    -------
    None where a class is missing.

    References
    ----------
    Vickers and Elkin 2006.
    """
    _, positive = checked(scores, labels)
    if positive.all() or not positive.any():
        return None
    at = np.asarray(probabilities, np.float64)
    figure = NetBenefitFigure(scores, labels, at, prevalence)
    model = figure(np.ones((1, len(positive)), np.int64))[0]
    share = float(positive.mean()) if prevalence is None else prevalence
    return NetBenefit(at, model, share - (1 - share) * at / (1 - at))


class NetBenefitFigure:
    """The decision curve as a figure to resample, a value for each probability."""

    def __init__(
        self, scores: ArrayLike, labels: ArrayLike, probabilities: ArrayLike = GRID, prevalence: float | None = None
    ) -> None:
        self.curve, self.prevalence = Curve(scores, labels), prevalence
        self.at = np.asarray(probabilities, np.float64)
        if not ((self.at > 0) & (self.at < 1)).all():
            raise ValueError("a decision's probability lies between 0 and 1")
        self.odds = self.at / (1 - self.at)
        # Before the first of these places, in falling order of scores, lie the cases that reach each probability.
        ranked = np.sort(-np.asarray(scores, np.float64))
        self.reached = np.searchsorted(ranked, -self.at, "right")

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples, k) net benefits."""
        ordered = np.take(weights, self.curve.order, axis=1)
        called = _sums_before(ordered, self.reached)
        ordered *= self.curve.positive[self.curve.order]
        hits = _sums_before(ordered, self.reached)
        tp, fp = hits[:, :-1], (called - hits)[:, :-1]
        p, n = hits[:, -1:], (called - hits)[:, -1:]
        share = p / (p + n) if self.prevalence is None else np.full_like(p, self.prevalence)
        worth: FloatArray = share * tp / p - (1 - share) * fp / n * self.odds
        return worth

    def jackknife(self) -> FloatArray:
        """Percentile is used, which needs none."""
        raise NotImplementedError("net benefit has a percentile interval")


def _sums_before(columns: IntArray, places: IntArray) -> FloatArray:
    """The sum of each row before each place, and of the whole row last; (rows, k + 1). Far cheaper than all sums."""
    cuts = np.unique(places)
    cuts = cuts[(cuts > 0) & (cuts < columns.shape[1])]
    parts = np.add.reduceat(columns, np.concatenate([[0], cuts]), axis=1).astype(np.float64)
    sums = np.pad(np.cumsum(parts, axis=1), ((0, 0), (1, 0)))
    at = np.searchsorted(np.concatenate([[0], cuts, [columns.shape[1]]]), np.append(places, columns.shape[1]))
    held: FloatArray = sums[:, at]
    return held


@dataclass(frozen=True, slots=True)
class Shift:
    """Figures at another prevalence. per_1000 : expected people among 1,000; None where a class is missing."""

    prevalence: float
    ppv: Estimate
    npv: Estimate
    per_1000: dict[str, float] | None


def shift(counts: Counts, prevalence: float) -> Shift:
    """PPV and NPV where the finding has another prevalence, through the likelihood ratios and their limits.

    Raises
    ------
    ValueError : the prevalence lies outside 0..1.

    References
    ----------
    Bayes; limits as in the evaluation page, section 7. `CARRY_OVER` is printed with it.
    """
    if not 0 <= prevalence <= 1:
        raise ValueError("a prevalence lies in 0 to 1")
    made = figures(counts)
    found, missed = made["lr_positive"], made["lr_negative"]
    ppv = _mapped(found, lambda ratio: _after(ratio, prevalence), rising=True)
    npv = _mapped(missed, lambda ratio: 1 - _after(ratio, prevalence), rising=False)
    sensitivity, specificity = made["sensitivity"].value, made["specificity"].value
    if sensitivity is None or specificity is None:
        return Shift(prevalence, ppv, npv, None)
    with_it, without = 1000 * prevalence, 1000 * (1 - prevalence)
    people = {
        "true_positives": with_it * sensitivity,
        "false_negatives": with_it * (1 - sensitivity),
        "false_positives": without * (1 - specificity),
        "true_negatives": without * specificity,
    }
    return Shift(prevalence, ppv, npv, people)


def _after(ratio: float, prevalence: float) -> float:
    """The probability of the finding after a call with this likelihood ratio."""
    if math.isinf(ratio):
        return 1.0 if prevalence > 0 else 0.0
    weight = prevalence * ratio
    return weight / (weight + 1 - prevalence) if weight or prevalence < 1 else 1.0


def _mapped(ratio: Estimate, to_probability: Callable[[float], float], *, rising: bool) -> Estimate:
    if ratio.value is None or ratio.lo is None or ratio.hi is None:
        return undefined(ratio.reason or "undefined")
    low, high = (ratio.lo, ratio.hi) if rising else (ratio.hi, ratio.lo)
    return Estimate(to_probability(ratio.value), to_probability(low), to_probability(high), "likelihood_ratio_limits")
