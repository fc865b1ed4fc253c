"""What a threshold can promise for new patients, from the number of cases and their order alone.

Owns the two guarantees and the sentences about them. Rules without a promise are in `rules`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.intervals import ALPHA, clopper_pearson_lower

GUARANTEE_TARGETS = (0.95, 0.90)
"""The sensitivities and specificities that a cohort is asked for when nobody names one."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The answer of a guarantee rule: a threshold that keeps the promise, or why there is none.

    threshold : None when the class is too small for the promise, or too many of it are wrong at any
    threshold. lower_bound : exact one-sided bound of the rate there. allowed_misses : how many of the
    class may lie on the wrong side. needed : smallest class that could carry the promise.
    best_promise : what this class could promise with no miss, rounded down to a tenth of a percent.
    text : one sentence.
    """

    threshold: float | None
    target: float
    confidence: float
    lower_bound: float | None
    allowed_misses: int | None
    needed: int
    best_promise: float
    text: str


def allowed_misses(cases: int, target: float, alpha: float = ALPHA) -> int | None:
    """The most misses with which `cases` still promise `target`; None when even none is too many.

    The largest m with Pr(Bin(cases, 1 - target) <= m) <= alpha: it depends on the number of cases,
    the target and alpha alone, so choosing on these very cases costs nothing.
    """
    misses = np.arange(cases)
    kept = int(np.count_nonzero(scipy.special.bdtr(misses, cases, 1 - target) <= alpha))
    return kept - 1 if kept else None


def guaranteed_sensitivity(positive_scores: ArrayLike, target: float, alpha: float = ALPHA) -> Guarantee:
    """The largest threshold at which the sensitivity is at least `target` with confidence 1 - alpha.

    Parameters
    ----------
    positive_scores : (n_positives,), one score a patient where patients repeat.

    References
    ----------
    Distribution-free tolerance limit (Wilks 1941); the evaluation page, section 6.
    """
    ranked = np.sort(np.asarray(positive_scores, np.float64).ravel())
    misses = allowed_misses(len(ranked), target, alpha)
    if misses is None:
        edge = f"all {len(ranked)} positives are at or above {ranked[0]:g}" if len(ranked) else "there is no positive"
        return _no_promise(len(ranked), target, alpha, "sensitivity", "positives", edge)
    lower = clopper_pearson_lower(len(ranked) - misses, len(ranked), alpha)
    return _promise(float(ranked[misses]), len(ranked), target, alpha, misses, lower, "sensitivity", "positives")


def guaranteed_specificity(
    negative_scores: ArrayLike, target: float, alpha: float = ALPHA, *, positive_scores: ArrayLike = ()
) -> Guarantee:
    """The smallest offered threshold at which the specificity is at least `target` with confidence 1 - alpha.

    Parameters
    ----------
    negative_scores : (n_negatives,), one score a patient where patients repeat.
    positive_scores : (n_positives,); thresholds are offered at every score of the cohort. Where no
        score lies above, the threshold is +inf: nobody is called positive.
    """
    negatives = np.asarray(negative_scores, np.float64).ravel()
    ranked = np.sort(negatives)[::-1]
    misses = allowed_misses(len(ranked), target, alpha)
    if misses is None:
        edge = f"all {len(ranked)} negatives are at or below {ranked[0]:g}" if len(ranked) else "there is no negative"
        return _no_promise(len(ranked), target, alpha, "specificity", "negatives", edge)
    offered = np.concatenate([negatives, np.asarray(positive_scores, np.float64).ravel(), [np.inf]])
    above = offered[offered > ranked[misses]]
    if not len(above):  # more negatives at +inf, where a missing score counts as wrong, than may be missed
        return _never(int(np.isposinf(negatives).sum()), len(ranked), target, alpha, misses)
    threshold = float(above.min())
    lower = clopper_pearson_lower(len(ranked) - misses, len(ranked), alpha)
    return _promise(threshold, len(ranked), target, alpha, misses, lower, "specificity", "negatives")


def _promise(
    threshold: float, cases: int, target: float, alpha: float, misses: int, lower: float, rate: str, noun: str
) -> Guarantee:
    needed, best = _needed(target, alpha), _best_promise(cases, alpha)
    text = (
        f"With {100 * (1 - alpha):g} % confidence the {rate} is at least {100 * target:g} % "
        "for new patients drawn like these."
    )
    if math.isinf(threshold):
        text += f" At this threshold {'nobody' if threshold > 0 else 'everybody'} is called positive."
    text += f" {misses:,} of {cases:,} {noun} may be missed."
    return Guarantee(threshold, target, 1 - alpha, lower, misses, needed, best, text)


def _no_promise(cases: int, target: float, alpha: float, rate: str, noun: str, edge: str) -> Guarantee:
    needed, best = _needed(target, alpha), _best_promise(cases, alpha)
    text = (
        f"No threshold of this cohort can promise {100 * target:g} % {rate} with {100 * (1 - alpha):g} % confidence: "
        f"that needs at least {needed} {noun}, and there are {cases}. "
        f"The best promise here is {100 * best:.1f} % ({edge})."
    )
    return Guarantee(None, target, 1 - alpha, None, None, needed, best, text)


def _never(wrong: int, cases: int, target: float, alpha: float, misses: int) -> Guarantee:
    """No promise of a specificity, because too many negatives are called positive even at +inf."""
    best = math.floor(1000 * clopper_pearson_lower(cases - wrong, cases, alpha)) / 1000
    text = (
        f"No threshold of this cohort can promise {100 * target:g} % specificity with {100 * (1 - alpha):g} % "
        f"confidence: {wrong:,} of {cases:,} negatives count as wrong at every threshold, and {misses:,} may be "
        "missed. "
        f"The best promise here is {100 * best:.1f} %."
    )
    return Guarantee(None, target, 1 - alpha, None, misses, _needed(target, alpha), best, text)


def _needed(target: float, alpha: float) -> int:
    """The smallest class that can promise `target`: target ** cases <= alpha."""
    cases = math.ceil(math.log(alpha) / math.log(target) - 1e-9)
    while target**cases > alpha:
        cases += 1
    return cases


def _best_promise(cases: int, alpha: float) -> float:
    return 0.0 if cases == 0 else math.floor(1000 * alpha ** (1 / cases)) / 1000
