"""The table of counts and rates at every distinct score: what a reader moves along when a threshold moves.

Owns sections 1 and 2 of the evaluation page for all thresholds at once. Areas under its curves are `curves`',
intervals for repeated patients `clustered`'s, a band that holds everywhere `band`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import Counts, FloatArray, IntArray, split
from core.metrics.intervals import wilson_limits


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Counts at every threshold offered. thresholds, tp, fp : (m + 1,); thresholds fall from +inf, counts rise.

    The first row calls nobody positive, the last one everybody.
    """

    thresholds: FloatArray
    tp: IntArray
    fp: IntArray
    positives: int
    negatives: int

    @property
    def fn(self) -> IntArray:
        """Positives below each threshold."""
        return self.positives - self.tp

    @property
    def tn(self) -> IntArray:
        """Negatives below each threshold."""
        return self.negatives - self.fp

    def counts(self, index: int) -> Counts:
        """The four counts in one row."""
        tp, fp = int(self.tp[index]), int(self.fp[index])
        return Counts(tp, fp, self.positives - tp, self.negatives - fp)

    def index_of(self, threshold: float) -> int:
        """The row whose calls any threshold makes: the lowest offered threshold that is not below it."""
        rising = self.thresholds[::-1]  # a view: a negated copy would cost as much as counting anew
        return len(rising) - int(np.searchsorted(rising, threshold, "left")) - 1

    def at(self, threshold: float) -> Counts:
        """The four counts at any threshold, by binary search; equal to counting score >= threshold."""
        return self.counts(self.index_of(threshold))


def sweep(scores: ArrayLike, labels: ArrayLike) -> Sweep:
    """Counts at +inf and at every distinct score, falling; nothing is dropped, binned or rounded.

    Parameters
    ----------
    scores, labels : (n_cases,); a label is true (1) or false (0). One class alone is answered too.

    Raises
    ------
    ValueError : as `core.metrics.counts.split`.

    References
    ----------
    Fawcett 2006, algorithm 1, with one sort of all scores and one of the positives.
    """
    positives, negatives = split(scores, labels)
    return sweep_of(positives, negatives)


def sweep_of(positives: FloatArray, negatives: FloatArray) -> Sweep:
    """The sweep of positives' and negatives' scores, (P,) and (N,)."""
    ranked = np.concatenate([positives, negatives])
    ranked.sort()
    n, p = len(ranked), len(positives)
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if n else np.zeros(0, np.int64)
    distinct = ranked[first]
    below = np.searchsorted(np.sort(positives), distinct, "left")
    called, hits = (n - first)[::-1], (p - below)[::-1]
    if n and distinct[-1] == np.inf:  # a score of +inf is already called at the first row
        thresholds, tp, all_called = distinct[::-1], hits, called
    else:
        thresholds = np.concatenate([[np.inf], distinct[::-1]])
        tp, all_called = np.concatenate([[0], hits]), np.concatenate([[0], called])
    return Sweep(thresholds, tp.astype(np.int64), (all_called - tp).astype(np.int64), p, len(negatives))


def rate_table(table: Sweep) -> dict[str, FloatArray]:
    """Every figure of section 2 at every threshold; (m + 1,) each, NaN where undefined, inf where infinite.

    Returns
    -------
    sensitivity, specificity, ppv, npv, each with Wilson's `_lo` and `_hi`; lr_positive, lr_negative, f1,
    balanced_accuracy, accuracy, mcc, youden_j.
    """
    rates = rates_of(table)
    for name, k, n in _proportions(table):
        rates[f"{name}_lo"], rates[f"{name}_hi"] = wilson_limits(k, n)
    tp, fp = table.tp.astype(np.float64), table.fp.astype(np.float64)
    return rates | plain_rates(tp, fp, table.positives - tp, table.negatives - fp)


def rates_of(table: Sweep) -> dict[str, FloatArray]:
    """Sensitivity, specificity, PPV and NPV at every threshold without intervals: what a curve is drawn from."""
    return {name: _over(k, n) for name, k, n in _proportions(table)}


def _proportions(table: Sweep) -> list[tuple[str, FloatArray, FloatArray]]:
    """(name, k, n) of the four proportions, at every threshold."""
    tp, fp = table.tp.astype(np.float64), table.fp.astype(np.float64)
    fn, tn = table.positives - tp, table.negatives - fp
    return [
        ("sensitivity", tp, tp + fn), ("specificity", tn, fp + tn), ("ppv", tp, tp + fp), ("npv", tn, tn + fn),
    ]  # fmt: skip


def plain_rates(tp: FloatArray, fp: FloatArray, fn: FloatArray, tn: FloatArray) -> dict[str, FloatArray]:
    """The figures whose intervals do not come from one count: arrays of one shape in, the same shape out."""
    p, n = tp + fn, fp + tn
    sensitivity, specificity = _over(tp, p), _over(tn, n)
    # Roots first: the product of four counts leaves 64-bit integers and loses digits in floating point.
    spread = np.sqrt(tp + fp) * np.sqrt(p) * np.sqrt(n) * np.sqrt(tn + fn)
    return {
        "lr_positive": _ratio(tp * n, p * fp),
        "lr_negative": _ratio(fn * n, p * tn),
        "f1": np.where(p > 0, _over(2 * tp, 2 * tp + fp + fn), np.nan),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "accuracy": _over(tp + tn, p + n),
        "mcc": _over(tp * tn - fp * fn, spread),
        "youden_j": sensitivity + specificity - 1,
    }


def corners(table: Sweep) -> IntArray:
    """Rows that a plot of the ROC curve must keep: all but those on a straight line between kept neighbours.

    Exact in integers: a row is left out only where the steps to both neighbours have one direction.
    """
    right, up = np.diff(table.fp), np.diff(table.tp)
    turns = right[1:] * up[:-1] != right[:-1] * up[1:]
    kept: IntArray = np.flatnonzero(np.concatenate([[True], turns, [True]])[: len(table.tp)])
    return kept


def _over(k: FloatArray, n: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        share: FloatArray = k / n  # 0 of 0 is NaN, which is what undefined means here
    return share


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """top / bottom; inf over 0, and NaN for 0 over 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: FloatArray = top / bottom
    return ratio
