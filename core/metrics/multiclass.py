"""Several classes at once: the confusion matrix, one class against the rest, and their averages.

Owns section 8 of the evaluation page. Each class against the rest is an ordinary two-class question, answered by
the rest of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.bootstrap import Resampler
from core.metrics.clustered import cluster_proportion
from core.metrics.counts import BoolArray, FloatArray, IntArray, undefined
from core.metrics.curves import auc
from core.metrics.evaluate import average_precision_estimate
from core.metrics.intervals import Estimate, wilson
from core.metrics.resampled import AucFigure, AveragePrecisionFigure, MeanFigure

SUM_SLACK = 1e-3
"""How far a row of probabilities may be from adding up to 1."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against the rest; a class without a case has no figure, reason `class_absent`."""

    name: str
    recall: Estimate
    auc: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class MultiClass:
    """All figures. confusion : rows true, columns called. present : the classes that macro figures average over."""

    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    tied_argmax: int
    present: tuple[str, ...]
    accuracy: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    mcc: Estimate
    macro_auc: Estimate
    micro_auc: Estimate
    hand_till: Estimate
    macro_average_precision: Estimate
    micro_average_precision: Estimate
    brier: Estimate
    per_class: tuple[ClassFigures, ...]


def multiclass(
    probabilities: ArrayLike, truth: ArrayLike, classes: Sequence[str], *, resampler: Resampler | None = None
) -> MultiClass:
    """Every multi-class figure with its interval.

    Parameters
    ----------
    probabilities : (n_cases, classes), used as given, never divided by their sum. truth : (n_cases,) column numbers.
    resampler : over `truth`, and the patients where they repeat; by default 2,000 stratified resamples.

    Raises
    ------
    ValueError : shapes do not fit, there is no case, or a row does not add up to 1 within 0.001.

    References
    ----------
    Gorodkin 2004 (MCC), Hand and Till 2001 (M).
    """
    table, true = _checked(probabilities, truth, classes)
    draws = Resampler(true) if resampler is None else resampler
    called = np.argmax(table, axis=1)  # the first of equal columns
    top = table.max(axis=1, keepdims=True)
    confusion = ConfusionFigure(true, called, len(classes))
    accuracy, recall, f1, mcc = draws.estimates(confusion, "bca")
    present = confusion.present
    each = tuple(_class_figures(table, true, called, k, name, draws) for k, name in enumerate(classes))
    macro_auc, micro_auc, hand_till, macro_ap, micro_ap = (
        draws.estimate(figure) if len(present) > 1 else undefined("single_class")
        for figure in (
            MacroFigure([AucFigure(table[:, k], true == k) for k in present]),
            MicroFigure(AucFigure, table, true),
            HandTillFigure(table, true, present),
            MacroFigure([AveragePrecisionFigure(table[:, k], true == k) for k in present]),
            MicroFigure(AveragePrecisionFigure, table, true),
        )
    )
    squares = ((table - np.eye(len(classes))[true]) ** 2).sum(axis=1)
    return MultiClass(
        classes=tuple(classes),
        confusion=tuple(tuple(int(c) for c in row) for row in confusion.cells.reshape(len(classes), -1)),
        tied_argmax=int(((table == top).sum(axis=1) > 1).sum()),
        present=tuple(classes[k] for k in present),
        accuracy=accuracy,
        macro_recall=recall,
        macro_f1=f1,
        mcc=mcc,
        macro_auc=macro_auc,
        micro_auc=micro_auc,
        hand_till=hand_till,
        macro_average_precision=macro_ap,
        micro_average_precision=micro_ap,
        brier=draws.estimate(MeanFigure(squares), "bca"),
        per_class=each,
    )


def _checked(probabilities: ArrayLike, truth: ArrayLike, classes: Sequence[str]) -> tuple[FloatArray, IntArray]:
    table, true = np.asarray(probabilities, np.float64), np.asarray(truth, np.int64)
    if table.shape != (len(true), len(classes)) or not len(true):
        raise ValueError(f"{len(true)} cases and {len(classes)} classes, but probabilities of shape {table.shape}")
    if true.min() < 0 or true.max() >= len(classes) or (np.abs(table.sum(axis=1) - 1) > SUM_SLACK).any():
        raise ValueError("each case needs a known class and probabilities that add up to 1")
    return table, true


def _class_figures(
    table: FloatArray, true: IntArray, called: IntArray, k: int, name: str, draws: Resampler
) -> ClassFigures:
    here: BoolArray = true == k
    if not here.any():
        absent = undefined("class_absent")
        return ClassFigures(name, absent, absent, absent)
    right, clusters = (called == k)[here], draws.clusters
    recall = wilson(int(right.sum()), len(right)) if clusters is None else cluster_proportion(right, clusters[here])
    area = auc(table[:, k], here, clusters=clusters)
    return ClassFigures(name, recall, area, average_precision_estimate(table[:, k], here, draws))


class ConfusionFigure:
    """Accuracy, macro recall, macro F1 and R_K as a row of figures. cells : (classes * classes,) counts."""

    def __init__(self, truth: IntArray, called: IntArray, classes: int) -> None:
        self.classes = classes
        self.cell = truth * classes + called
        self.cells = np.bincount(self.cell, minlength=classes * classes)
        self.present: IntArray = np.unique(truth)

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples, 4)."""
        rows = np.arange(len(weights))[:, None] * len(self.cells)
        flat = np.bincount((rows + self.cell).ravel(), weights.ravel(), len(weights) * len(self.cells))
        return self._figures(flat.astype(np.float64).reshape(len(weights), -1))

    def jackknife(self) -> FloatArray:
        """Cases of one cell are alike; (n_cases, 4)."""
        left = np.maximum(self.cells - np.eye(len(self.cells)), 0)
        alike: FloatArray = self._figures(left)[self.cell]
        return alike

    def _figures(self, cells: FloatArray) -> FloatArray:
        matrix = cells.reshape(len(cells), self.classes, self.classes)
        right, true, called = np.einsum("bkk->bk", matrix), matrix.sum(axis=2), matrix.sum(axis=1)
        total, held = true.sum(axis=1), self.present
        recall = _over(right, true)[:, held].mean(axis=1)
        f1 = np.where(true > 0, _over(2 * right, true + called), np.nan)[:, held].mean(axis=1)
        spread = np.sqrt(total**2 - (called**2).sum(axis=1)) * np.sqrt(total**2 - (true**2).sum(axis=1))
        mcc = _over(right.sum(axis=1) * total - (true * called).sum(axis=1), spread)
        return np.stack([right.sum(axis=1) / total, recall, f1, mcc], axis=1)


class MacroFigure:
    """The plain mean of figures of several classes."""

    def __init__(self, figures: Sequence[AucFigure | AveragePrecisionFigure]) -> None:
        self.figures = figures

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,)."""
        means: FloatArray = np.mean([figure(weights) for figure in self.figures], axis=0)
        return means

    def jackknife(self) -> FloatArray:
        """(n_cases,)."""
        means: FloatArray = np.mean([figure.jackknife() for figure in self.figures], axis=0)
        return means


class MicroFigure:
    """A two-class figure over all pairs of case and class, pooled; a case's pairs are drawn together."""

    def __init__(
        self, kind: type[AucFigure] | type[AveragePrecisionFigure], table: FloatArray, truth: IntArray
    ) -> None:
        self.classes = table.shape[1]
        self.figure = kind(table.ravel(), np.eye(self.classes, dtype=bool)[truth].ravel())

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,)."""
        return self.figure(np.repeat(weights, self.classes, axis=1))

    def jackknife(self) -> FloatArray:
        """Percentile is used, which needs none."""
        raise NotImplementedError("a pooled figure has a percentile interval")


class HandTillFigure:
    """Hand and Till's M: over pairs of classes, the mean of the two areas on those two classes' cases."""

    def __init__(self, table: FloatArray, truth: IntArray, present: IntArray) -> None:
        self.parts: list[tuple[IntArray, AucFigure]] = []
        for a in present:
            for b in present[present > a]:
                rows = np.flatnonzero((truth == a) | (truth == b))
                for k in (a, b):
                    self.parts.append((rows, AucFigure(table[rows, k], truth[rows] == k)))

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples,)."""
        means: FloatArray = np.mean([figure(weights[:, rows]) for rows, figure in self.parts], axis=0)
        return means

    def jackknife(self) -> FloatArray:
        """Percentile is used, which needs none."""
        raise NotImplementedError("M has a percentile interval")


def _over(top: FloatArray, bottom: FloatArray) -> FloatArray:
    share: FloatArray = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0)
    return share
