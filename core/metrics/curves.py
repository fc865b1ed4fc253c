"""The area under the ROC curve with its interval.

Owns the area alone; the table of every rate at every threshold belongs to the sweep.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.counts import split
from core.metrics.intervals import ALPHA, Z_95, Estimate

DELONG_FLOOR = 2
"""DeLong's variance divides by the cases of a class less one, so each class needs two."""


def auc(scores: ArrayLike, labels: ArrayLike) -> Estimate:
    """Share of pairs of one positive and one negative in which the positive scores higher, ties half.

    Parameters
    ----------
    scores, labels : (n_cases,); a label is true (1) or false (0), a higher score means more positive.

    Returns
    -------
    DeLong's interval on the logit scale; at an area of 0 or 1 the exact bound; None with the reason
    `single_class`, `constant_score` (the value stands, 0.5) or `few_cases` (the value stands).

    References
    ----------
    DeLong 1988; the evaluation page, section 4. One image a patient is assumed.
    """
    positives, negatives = split(scores, labels)
    if not len(positives) or not len(negatives):
        return Estimate(None, None, None, None, reason="single_class")
    above = _share_below(positives, negatives)
    area = float(above.mean())
    if np.ptp(np.concatenate([positives, negatives])) == 0:
        return Estimate(0.5, None, None, None, reason="constant_score")
    if area in (0.0, 1.0):
        bound = (ALPHA / 2) ** (1 / min(len(positives), len(negatives)))
        low, high = (bound, 1.0) if area == 1.0 else (0.0, 1 - bound)
        return Estimate(area, low, high, "exact_boundary")
    if min(len(positives), len(negatives)) < DELONG_FLOOR:
        return Estimate(area, None, None, None, reason="few_cases")
    below = 1 - _share_below(negatives, positives)
    variance = above.var(ddof=1) / len(positives) + below.var(ddof=1) / len(negatives)
    half = Z_95 * math.sqrt(variance) / (area * (1 - area))
    centre = math.log(area / (1 - area))
    return Estimate(area, _logistic(centre - half), _logistic(centre + half), "delong_logit")


def _share_below(these: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of `these` the share of `others` that is lower, plus half the share that is equal; same shape."""
    ranked = np.sort(others)
    lower, lower_or_equal = np.searchsorted(ranked, these, "left"), np.searchsorted(ranked, these, "right")
    share: NDArray[np.float64] = (lower + lower_or_equal) / (2 * len(ranked))
    return share


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
