"""The figures that are resampled, each written for many resamples at once.

Owns figures as functions of weights, with their values without one case in closed form. How cases are drawn and
what interval comes of it is `bootstrap`'s. Every figure of weights one equals its plain counterpart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import FloatArray, IntArray, checked, is_positive
from core.metrics.curves import COUNT_SLACK, area_up_to, standardised
from core.metrics.sweep import plain_rates


class Curve:
    """A sweep over weighted cases: one sort, then counts at every threshold of the whole cohort."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        score, self.positive = checked(scores, labels)
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, bool)
        self.ends = np.flatnonzero(last)
        self.thresholds = ranked[self.ends]
        self.rank = np.empty(len(score), np.int64)
        self.rank[self.order] = np.cumsum(np.concatenate([[0], last[:-1]])) if len(ranked) else 0
        self.hits = self.positive[self.order].astype(np.float64)

    def counts(self, weights: IntArray) -> tuple[FloatArray, FloatArray]:
        """Weighted TP and FP at every distinct score, falling; (resamples, distinct) each."""
        ordered = np.take(weights, self.order, axis=1).astype(np.float64)  # counts stay exact below 2^53
        called = np.cumsum(ordered, axis=1)
        ordered *= self.hits
        tp = np.cumsum(ordered, axis=1, out=ordered)
        if len(self.ends) < len(self.order):
            called, tp = np.take(called, self.ends, axis=1), np.take(tp, self.ends, axis=1)
        return tp, called - tp

    def ones(self) -> tuple[FloatArray, FloatArray]:
        """The same for the cohort itself, (distinct,) each."""
        tp, fp = self.counts(np.ones((1, len(self.rank)), np.int64))
        return tp[0], fp[0]


class AucFigure:
    """The area under the ROC curve."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        self.curve = Curve(scores, labels)

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) areas."""
        tp, fp = self.curve.counts(weights)
        # Each step's new negatives lie below the positives called before, and tie with those of the same step.
        twice = np.einsum("bk,bk->b", fp[:, 1:] - fp[:, :-1], tp[:, 1:] + tp[:, :-1]) + fp[:, 0] * tp[:, 0]
        return _over(twice, 2 * tp[:, -1] * fp[:, -1])

    def jackknife(self) -> FloatArray:
        """Without a case the area changes by its placement alone."""
        tp, fp = self.curve.ones()
        p, n = tp[-1], fp[-1]
        v10 = (n - (fp + np.append(0, fp[:-1])) / 2)[self.curve.rank]
        v01 = ((tp + np.append(0, tp[:-1])) / 2)[self.curve.rank]
        pairs = float(v10[self.curve.positive].sum())
        kept: FloatArray = np.where(self.curve.positive, (p - 1) * n, p * (n - 1))
        return _over(pairs - np.where(self.curve.positive, v10, v01), kept)


class AveragePrecisionFigure:
    """The step sum under the precision-recall curve."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        self.curve = Curve(scores, labels)

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) average precisions; NaN where a class is missing."""
        tp, fp = self.curve.counts(weights)
        gained = np.diff(tp, axis=1, prepend=0)
        precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp > 0)
        return _over((gained * precision).sum(axis=1), np.where(fp[:, -1] > 0, tp[:, -1], 0))

    def jackknife(self) -> FloatArray:
        """Without a case, all terms from its threshold on lose one in a count: running sums from both ends."""
        tp, fp = self.curve.ones()
        gained, called = np.diff(tp, prepend=0), tp + fp
        untouched = np.append(0, np.cumsum(gained * tp / called))[:-1]
        less_hit = _tail(gained * _over(tp - 1, called - 1, empty=0.0))
        less_false = _tail(gained * _over(tp, called - 1, empty=0.0))
        own = (gained - 1) * _over(tp - 1, called - 1, empty=0.0)
        without_hit = (untouched + own + np.append(less_hit[1:], 0)) / max(tp[-1] - 1, 1)
        without_false = (untouched + less_false) / tp[-1]
        rank = self.curve.rank
        spared: FloatArray = np.where(self.curve.positive, without_hit[rank], without_false[rank])
        return spared


class MeanFigure:
    """The mean of a value a case: Brier's score, a net benefit, a Dice. NaN marks a case that has no value."""

    def __init__(self, values: ArrayLike) -> None:
        column = np.asarray(values, np.float64)
        self.given = ~np.isnan(column)
        self.values = np.where(self.given, column, 0.0)

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) means."""
        drawn = weights.astype(np.float64)
        return _over(drawn @ self.values, drawn @ self.given.astype(np.float64))

    def jackknife(self) -> FloatArray:
        """The mean without each case."""
        left = self.given.sum() - self.given.astype(np.float64)
        return _over(self.values.sum() - self.values, left)


class CountsFigure:
    """Every figure of the four counts at one threshold, or one of them by name."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike, threshold: float, name: str) -> None:
        score, positive = checked(scores, labels)
        called = is_positive(score, threshold)
        cells = (called & positive, called & ~positive, ~called & positive, ~called & ~positive)
        self.cells = np.stack(cells).astype(np.float64)
        self.name = name

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) values of the figure named."""
        tp, fp, fn, tn = (weights @ self.cells.T).T
        return self._named(tp, fp, fn, tn)

    def jackknife(self) -> FloatArray:
        """Cases of one cell are alike, so four values serve all."""
        left = self.cells.sum(axis=1)[:, None] - np.eye(4)
        values = self._named(*np.maximum(left, 0))
        alike: FloatArray = values[np.argmax(self.cells, axis=0)]
        return alike

    def _named(self, tp: FloatArray, fp: FloatArray, fn: FloatArray, tn: FloatArray) -> FloatArray:
        shares = {
            "sensitivity": (tp, tp + fn), "specificity": (tn, fp + tn), "ppv": (tp, tp + fp), "npv": (tn, tn + fn),
        }  # fmt: skip
        return _over(*shares[self.name]) if self.name in shares else plain_rates(tp, fp, fn, tn)[self.name]


class SensitivityAtSpecificityFigure:
    """Sensitivity at the smallest threshold that reaches a specificity, chosen again in each resample."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike, specificity: float) -> None:
        self.curve, self.specificity = Curve(scores, labels), specificity

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) sensitivities."""
        tp, fp = self.curve.counts(weights)
        needed = np.ceil(self.specificity * fp[:, -1] - COUNT_SLACK)
        attained = fp[:, -1:] - fp >= needed[:, None]
        # Attained from the highest threshold down to some row, or nowhere: then only +inf, which finds nobody.
        rows = attained.sum(axis=1)
        found = np.where(rows > 0, tp[np.arange(len(tp)), np.maximum(rows - 1, 0)], 0.0)
        return _over(found, tp[:, -1])

    def jackknife(self) -> FloatArray:
        """Not smooth in one case: a percentile interval is used, which needs none."""
        raise NotImplementedError("sensitivity at a fixed specificity has a percentile interval")


class PartialAucFigure:
    """The partial area over high specificity, or the standardised one."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike, specificity_from: float, *, standard: bool) -> None:
        self.curve, self.end, self.standard = Curve(scores, labels), 1 - specificity_from, standard

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,) areas."""
        tp, fp = self.curve.counts(weights)
        return np.array([self._one(t, f) for t, f in zip(tp, fp, strict=True)])

    def _one(self, tp: FloatArray, fp: FloatArray) -> float:
        if not tp[-1] or not fp[-1]:
            return float("nan")
        area = area_up_to(np.append(0, fp / fp[-1]), np.append(0, tp / tp[-1]), self.end)
        return standardised(area, self.end) if self.standard else area

    def jackknife(self) -> FloatArray:
        """Percentile is used, which needs none."""
        raise NotImplementedError("a partial area has a percentile interval")


def _tail(column: FloatArray) -> FloatArray:
    """Sums from each entry to the end."""
    return np.cumsum(column[::-1])[::-1]


def _over(top: FloatArray, bottom: FloatArray, empty: float = np.nan) -> FloatArray:
    share: FloatArray = np.divide(top, bottom, out=np.full(np.shape(top), empty), where=bottom > 0)
    return share
