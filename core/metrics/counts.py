"""The four counts at a threshold, and every figure that comes from them alone.

Owns the threshold rule of the house and section 2 of the evaluation page. Intervals that need more than the
four counts (F1, balanced accuracy, MCC, repeated patients) are added by `core.metrics.evaluate`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.intervals import Estimate, koopman_ratio, newcombe_j, wilson

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def is_positive(scores: ArrayLike, threshold: float) -> BoolArray:
    """Which scores are called positive: score >= threshold, so a tie counts as positive; same shape."""
    called: BoolArray = np.asarray(scores, np.float64) >= threshold
    return called


@dataclass(frozen=True, slots=True)
class Counts:
    """The four integers from which every rate at one threshold comes."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def positives(self) -> int:
        """Cases with the finding: TP + FN."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Cases without it: FP + TN."""
        return self.fp + self.tn

    @property
    def cases(self) -> int:
        """All of them."""
        return self.positives + self.negatives


def split(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The positives' scores and the negatives' scores, as 64-bit numbers, in their order.

    Raises
    ------
    ValueError : the two differ in length, a score is no number, or a label is not 0 or 1.
    """
    score, positive = checked(scores, labels)
    return score[positive], score[~positive]


def checked(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Scores as 64-bit numbers and labels as booleans, each (n_cases,); errors as `split`."""
    score, label = np.asarray(scores, np.float64).ravel(), np.asarray(labels).ravel()
    if score.shape != label.shape:
        raise ValueError(f"{score.size} scores and {label.size} labels")
    if np.isnan(score).any() or (label.dtype != np.bool_ and not np.isin(label, (0, 1)).all()):
        raise ValueError("every score must be a number and every label 0 or 1")
    return score, label.astype(bool)


def count_at(scores: ArrayLike, labels: ArrayLike, threshold: float) -> Counts:
    """The four counts at a threshold; errors as `split`."""
    positives, negatives = split(scores, labels)
    tp, fp = int(is_positive(positives, threshold).sum()), int(is_positive(negatives, threshold).sum())
    return Counts(tp, fp, len(positives) - tp, len(negatives) - fp)


def figures(counts: Counts) -> dict[str, Estimate]:
    """Every figure of section 2 of the evaluation page at one threshold, by name.

    Returns
    -------
    sensitivity, specificity, ppv, npv, accuracy (Wilson), lr_positive, lr_negative (Koopman), youden_j
    (Newcombe), and f1, balanced_accuracy, mcc as values without interval, since theirs is resampled.
    Undefined is None with the reason `no_positives`, `no_negatives`, `none_called_positive`,
    `none_called_negative`, `single_class` or `zero_factor`.
    """
    c = counts
    p, n = c.positives, c.negatives
    return {
        "sensitivity": _share(c.tp, p, "no_positives"),
        "specificity": _share(c.tn, n, "no_negatives"),
        "ppv": _share(c.tp, c.tp + c.fp, "none_called_positive"),
        "npv": _share(c.tn, c.tn + c.fn, "none_called_negative"),
        "accuracy": _share(c.tp + c.tn, c.cases, "no_cases"),
        "lr_positive": _ratio(c.tp, p, c.fp, n, "none_called_positive"),
        "lr_negative": _ratio(c.fn, p, c.tn, n, "none_called_negative"),
        "youden_j": newcombe_j(c.tp, p, c.fp, n) if p and n else undefined("single_class"),
        **plain_figures(counts),
    }


def plain_figures(counts: Counts) -> dict[str, Estimate]:
    """F1, balanced accuracy and Matthews' coefficient as values; their intervals are resampled elsewhere."""
    c = counts
    p, n = c.positives, c.negatives
    product = (c.tp + c.fp) * p * n * (c.tn + c.fn)
    return {
        "f1": value(2 * c.tp / (2 * c.tp + c.fp + c.fn)) if p else undefined("no_positives"),
        "balanced_accuracy": value((c.tp / p + c.tn / n) / 2) if p and n else undefined("single_class"),
        "mcc": value((c.tp * c.tn - c.fp * c.fn) / math.sqrt(product)) if product else undefined(
            "zero_factor" if p and n else "single_class"
        ),
    }  # fmt: skip


def value(number: float) -> Estimate:
    """A figure without interval."""
    return Estimate(float(number), None, None, None)


def undefined(reason: str) -> Estimate:
    """A figure that this cohort cannot give, and why."""
    return Estimate(None, None, None, None, reason=reason)


def _share(k: int, n: int, reason: str) -> Estimate:
    return wilson(k, n) if n else Estimate(None, None, None, None, k, n, reason)


def _ratio(k1: int, n1: int, k0: int, n0: int, nobody: str) -> Estimate:
    """A likelihood ratio: the share k1 of n1 over the share k0 of n0."""
    if not n1 or not n0:
        return undefined("single_class")
    return koopman_ratio(k1, n1, k0, n0) if k1 + k0 else undefined(nobody)
