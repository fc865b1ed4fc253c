"""How much a figure gains from being read on the very cases that chose its threshold.

Owns the correction by resampling and what a rule does in each resample. The rules on the cohort itself are `rules`'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.metrics.bootstrap import Resampler
from core.metrics.counts import BoolArray, Counts, FloatArray, IntArray
from core.metrics.curves import COUNT_SLACK
from core.metrics.resampled import Curve

COST_SLACK = 1e-12
"""Expected costs this near are tied: they differ by rounding alone."""


@dataclass(frozen=True, slots=True)
class Optimism:
    """How much a figure gains from being read on the cases that chose its threshold: corrected = printed - optimism."""

    figure: str
    printed: float
    optimism: float
    corrected: float
    resamples: int


FigureOf = Callable[[FloatArray, FloatArray], FloatArray]
"""A figure of TP/P and FP/N, of one shape."""

RowsOf = Callable[[FloatArray, FloatArray], IntArray]
"""The row that a rule takes in each resample, from its TP and FP (resamples, thresholds), thresholds falling."""


def hit_share(hit: FloatArray, _false: FloatArray) -> FloatArray:
    """Sensitivity."""
    return hit


def cleared_share(_hit: FloatArray, false: FloatArray) -> FloatArray:
    """Specificity."""
    return 1 - false


def youden_j(hit: FloatArray, false: FloatArray) -> FloatArray:
    """Sensitivity + specificity - 1."""
    return hit - false


def loss_of(false_negative: float, false_positive: float) -> FigureOf:
    """Expected cost a case, from the cost of each miss rate; each weighted by its class's share already."""

    def loss(hit: FloatArray, false: FloatArray) -> FloatArray:
        return false_negative * (1 - hit) + false_positive * false

    return loss


def best_gain(tp: FloatArray, fp: FloatArray) -> IntArray:
    """Youden's row in each resample; whole numbers below 2^53, so equal gains are equal."""
    gain = tp * fp[:, -1:] - fp * tp[:, -1:]
    return last_true(gain == gain.max(axis=1, keepdims=True))


def first_with(target: float) -> RowsOf:
    """The largest threshold whose sensitivity meets a target."""

    def rows(tp: FloatArray, _fp: FloatArray) -> IntArray:
        return np.asarray(np.argmax(tp >= np.ceil(target * tp[:, -1:] - COUNT_SLACK), axis=1))

    return rows


def last_with(target: float) -> RowsOf:
    """The smallest threshold whose specificity meets a target."""

    def rows(_tp: FloatArray, fp: FloatArray) -> IntArray:
        n = fp[:, -1:]
        return last_true(n - fp >= np.ceil(target * n - COUNT_SLACK))

    return rows


def last_true(marks: BoolArray) -> IntArray:
    """The last marked column of each row, (rows,): the lowest threshold among equals."""
    return np.asarray(marks.shape[1] - 1 - np.argmax(marks[:, ::-1], axis=1))


def cheapest(loss: FigureOf) -> RowsOf:
    """The lowest threshold of least cost."""

    def rows(tp: FloatArray, fp: FloatArray) -> IntArray:
        drawn = loss(tp / tp[:, -1:], fp / fp[:, -1:])
        return last_true(drawn <= drawn.min(axis=1, keepdims=True) + COST_SLACK)

    return rows


def optimism_of(
    curve: Curve, counts: Counts, resampler: Resampler, name: str, rows_of: RowsOf, figure: FigureOf
) -> Optimism:
    """The mean over resamples of the figure at its own threshold less the cohort's figure there.

    counts : of the cohort at the threshold that was chosen on it.

    References
    ----------
    Harrell, Lee and Mark 1996.
    """
    # A row for +inf in front: calling nobody is a choice too.
    whole_tp, whole_fp = (np.append(0.0, side) for side in curve.ones())
    gains = []
    for weights in resampler.blocks():
        tp, fp = (np.pad(side, ((0, 0), (1, 0))) for side in curve.counts(weights))
        at, called = np.arange(len(tp)), tp + fp
        # A score that was not drawn is no threshold of the resample: back to the drawn one with the same calls.
        rows = np.argmax(called == called[at, rows_of(tp, fp)][:, None], axis=1)
        own = figure(tp[at, rows] / tp[:, -1], fp[at, rows] / fp[:, -1])
        gains.append(own - figure(whole_tp[rows] / whole_tp[-1], whole_fp[rows] / whole_fp[-1]))
    hit, false = np.array([counts.tp / counts.positives]), np.array([counts.fp / counts.negatives])
    printed, optimism = float(figure(hit, false)[0]), float(np.concatenate(gains).mean())
    return Optimism(name, printed, optimism, printed - optimism, resampler.resamples)
