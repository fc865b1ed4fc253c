"""Areas under the curves of a sweep, and the points that a curve attains.

Owns which interval an area gets, average precision, partial areas and attained rates. Placements are `delong`'s,
repeated patients `clustered`'s, resampled intervals `bootstrap`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.clustered import CLUSTER_FLOOR, obuchowski
from core.metrics.cohort import Note, codes_of
from core.metrics.counts import BoolArray, Counts, FloatArray, checked, split
from core.metrics.delong import DELONG_FLOOR, delong, logit_interval, share_below, wald_interval
from core.metrics.intervals import Estimate
from core.metrics.level import tail
from core.metrics.sweep import Sweep, sweep

COUNT_SLACK = 1e-9
"""A target of 0.9 over 10 cases asks for 9, not for 10 because 0.9 * 10 came out a hair above."""

AreaInterval = Literal["logit", "wald"]


def auc(
    scores: ArrayLike, labels: ArrayLike, *, clusters: ArrayLike | None = None, interval: AreaInterval = "logit"
) -> Estimate:
    """Share of pairs of one positive and one negative in which the positive scores higher, ties half.

    Parameters
    ----------
    scores, labels : (n_cases,); a label is true (1) or false (0), a higher score means more positive.
    clusters : (n_cases,) patients, or None for one image a patient.
    interval : on the logit scale, or the plain one (`wald`), whose coverage is poorer.

    Returns
    -------
    DeLong's interval, Obuchowski's where patients repeat; at an area of 0 or 1 the exact bound; None with the
    reason `single_class`, `constant_score` (the value stands, 0.5) or `few_cases` (the value stands).

    References
    ----------
    DeLong 1988, Obuchowski 1997; the evaluation page, section 4.
    """
    score, positive = checked(scores, labels)
    p = int(positive.sum())
    n = len(positive) - p
    if not p or not n:
        return Estimate(None, None, None, None, reason="single_class")
    area = float(share_below(score[positive], score[~positive]).mean())
    if score.min() == score.max():
        return Estimate(0.5, None, None, None, reason="constant_score")
    units = _units(positive, clusters)
    if area in (0.0, 1.0):
        bound = tail() ** (1 / min(units))
        low, high = (bound, 1.0) if area == 1.0 else (0.0, 1 - bound)
        return Estimate(area, low, high, "exact_boundary")
    if min(units) < (DELONG_FLOOR if clusters is None else CLUSTER_FLOOR):
        return Estimate(area, None, None, None, reason="few_cases")
    areas = delong(score, positive) if clusters is None else obuchowski(score, positive, clusters)
    se = float(areas.se[0])
    low, high = logit_interval(area, se) if interval == "logit" else wald_interval(area, se)
    return Estimate(area, low, high, f"{areas.method}_{interval}", se=se)


def area_notes(area: Estimate) -> tuple[Note, ...]:
    """What a reader must know about an area: `auc_below_half`, `auc_at_boundary`, `constant_score`."""
    if area.reason == "constant_score":
        return (Note("constant_score", "All scores are equal: the area is 0.5 and has no interval."),)
    notes = []
    if area.value is not None and area.value < 0.5:
        notes.append(Note("auc_below_half", "The area is below 0.5: higher scores go with the negative class."))
    if area.method == "exact_boundary":
        notes.append(
            Note("auc_at_boundary", "The classes are separated completely: the interval is the exact, cautious bound.")
        )
    return tuple(notes)


def _units(positive: BoolArray, clusters: ArrayLike | None) -> tuple[int, int]:
    """Independent units that hold a positive, and a negative: cases, or patients where they repeat."""
    if clusters is None:
        return int(positive.sum()), int((~positive).sum())
    codes = codes_of(clusters)
    return len(np.unique(codes[positive])), len(np.unique(codes[~positive]))


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Sum over thresholds of the recall gained times the precision there: a step sum, never the trapezoid.

    Returns
    -------
    None where a class is missing. A constant score gives the prevalence.

    References
    ----------
    The definition of scikit-learn's `average_precision_score`.
    """
    table = sweep(scores, labels)
    if not table.positives or not table.negatives:
        return None
    tp, called = table.tp, table.tp + table.fp
    gained = np.diff(tp, prepend=0)
    steps = gained[called > 0] * (tp[called > 0] / called[called > 0])
    return float(steps.sum() / table.positives)


@dataclass(frozen=True, slots=True)
class PartialArea:
    """A part of the area: as it is, and standardised to 0.5 for chance and 1 for the best (McClish)."""

    area: float
    standardised: float


def partial_auc(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    specificity_from: float | None = None,
    sensitivity_from: float | None = None,
) -> PartialArea | None:
    """The area where specificity, or sensitivity, lies between the bound given and 1; None where a class is missing.

    Raises
    ------
    ValueError : not exactly one of the two bounds, or one outside 0..1 (1 left out).

    References
    ----------
    McClish 1989; the last piece is cut by linear interpolation.
    """
    bound = specificity_from if sensitivity_from is None else sensitivity_from
    if bound is None or (specificity_from is None) == (sensitivity_from is None) or not 0 <= bound < 1:
        raise ValueError("name one bound, at least 0 and below 1")
    positives, negatives = split(scores, labels)
    if not len(positives) or not len(negatives):
        return None
    table = sweep(scores, labels)
    false, hit = np.append(0.0, table.fp / table.negatives), np.append(0.0, table.tp / table.positives)
    if sensitivity_from is not None:  # the curve turned over its other diagonal: the classes swap their roles
        false, hit = 1 - hit[::-1], 1 - false[::-1]
    area = float(area_up_to(false, hit, 1 - bound))
    return PartialArea(area, standardised(area, 1 - bound))


def area_up_to(false: FloatArray, hit: FloatArray, end: float) -> float:
    """Trapezoid under a rising curve from 0 to `end`, the last piece cut by linear interpolation."""
    inside = int(np.searchsorted(false, end, "right"))
    x, y = np.append(false[:inside], end), hit[:inside]
    if inside < len(false):
        step = (end - false[inside - 1]) / (false[inside] - false[inside - 1])
        y = np.append(y, hit[inside - 1] + step * (hit[inside] - hit[inside - 1]))
    else:
        y = np.append(y, hit[-1])
    return float(np.trapezoid(y, x))


def standardised(area: float, end: float) -> float:
    """McClish's correction of a partial area over 0..end: 0.5 for chance, 1 for the best."""
    chance = end * end / 2
    return (1 + (area - chance) / (end - chance)) / 2


@dataclass(frozen=True, slots=True)
class Attained:
    """What a curve reaches at a threshold that exists: no interpolation between thresholds."""

    threshold: float
    counts: Counts

    @property
    def sensitivity(self) -> float:
        """TP/P."""
        return self.counts.tp / self.counts.positives

    @property
    def specificity(self) -> float:
        """TN/N."""
        return self.counts.tn / self.counts.negatives


def sensitivity_at_specificity(table: Sweep, specificity: float) -> Attained | None:
    """At the smallest threshold whose specificity is at least the one given; None where a class is missing."""
    if not table.positives or not table.negatives:
        return None
    rows = np.flatnonzero(table.tn >= count_for(specificity, table.negatives))
    return _attained(table, int(rows[-1])) if len(rows) else None


def specificity_at_sensitivity(table: Sweep, sensitivity: float) -> Attained | None:
    """At the largest threshold whose sensitivity is at least the one given; None where a class is missing."""
    if not table.positives or not table.negatives:
        return None
    rows = np.flatnonzero(table.tp >= count_for(sensitivity, table.positives))
    return _attained(table, int(rows[0])) if len(rows) else None


def count_for(share: float, cases: int) -> int:
    """The smallest count that is at least this share of the cases."""
    return math.ceil(share * cases - COUNT_SLACK)


def _attained(table: Sweep, row: int) -> Attained:
    return Attained(float(table.thresholds[row]), table.counts(row))
