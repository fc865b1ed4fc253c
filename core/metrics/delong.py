"""Variance and covariance of areas under the ROC curve, by DeLong's placements.

Owns placements, the covariance over models, and the intervals drawn from an area and its error. Repeated
patients are `clustered`'s; which of the two applies is decided in `curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import FloatArray, checked
from core.metrics.level import normal_z

DELONG_FLOOR = 2
"""DeLong's variance divides by the cases of a class less one, so each class needs two."""


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas of several models on the same cases. values : (models,). covariance : (models, models)."""

    values: FloatArray
    covariance: FloatArray
    method: str

    @property
    def se(self) -> FloatArray:
        """Standard error of each area, (models,)."""
        error: FloatArray = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return error


def delong(scores: ArrayLike, labels: ArrayLike) -> Areas:
    """The areas and their covariance over the same cases.

    Parameters
    ----------
    scores : (models, n_cases), or (n_cases,) for one model. labels : (n_cases,).

    Raises
    ------
    ValueError : a class has fewer than two cases, or as `core.metrics.counts.split`.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988; placements by ranking, Sun and Xu 2014.
    """
    v10, v01 = placements(scores, labels)
    if min(v10.shape[1], v01.shape[1]) < DELONG_FLOOR:
        raise ValueError("DeLong's variance needs two cases of each class")
    covariance = np.atleast_2d(np.cov(v10)) / v10.shape[1] + np.atleast_2d(np.cov(v01)) / v01.shape[1]
    return Areas(v10.mean(axis=1), covariance, "delong")


def placements(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """V10 (models, P): share of negatives below each positive, ties half; V01 (models, N): of positives above."""
    table = np.atleast_2d(np.asarray(scores, np.float64))
    sides = []
    for column in table:
        score, positive = checked(column, labels)
        x, w = score[positive], score[~positive]
        sides.append((share_below(x, w), 1 - share_below(w, x)))
    return np.stack([v10 for v10, _ in sides]), np.stack([v01 for _, v01 in sides])


def share_below(these: FloatArray, others: FloatArray) -> FloatArray:
    """For each of `these` the share of `others` that is lower, plus half the share that is equal; same shape."""
    order = np.argsort(these)
    ranked, sought = np.sort(others), these[order]  # looking up in rising order stays in the cache
    twice = np.searchsorted(ranked, sought, "left") + np.searchsorted(ranked, sought, "right")
    share = np.empty(len(these))
    share[order] = twice / (2 * len(ranked))
    return share


def logit_interval(area: float, se: float) -> tuple[float, float]:
    """Ends of the interval drawn on the logit scale and turned back: it never leaves 0..1. 0 < area < 1."""
    half = normal_z() * se / (area * (1 - area))
    centre = math.log(area / (1 - area))
    return _logistic(centre - half), _logistic(centre + half)


def wald_interval(area: float, se: float) -> tuple[float, float]:
    """Ends of the plain interval: area minus and plus z standard errors, not clipped."""
    return area - normal_z() * se, area + normal_z() * se


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > 0 else math.exp(value) / (1 + math.exp(value))
