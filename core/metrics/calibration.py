"""Whether a score of 0.2 means 20 %: bins, distances, and the parts of the Brier score.

Owns what is read off scores in 0..1 as they are. Maps that change scores are `recalibration`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.cohort import in_unit_range
from core.metrics.counts import BoolArray, FloatArray, IntArray, checked
from core.metrics.intervals import Estimate, wilson
from core.metrics.recalibration import (
    clipped_logits,
    fit_isotonic_map,
    fit_temperature,
    intercept_in_the_large,
    logistic_slope,
)

BINS = 10
"""Equal-mass bins; printed beside every figure that depends on them."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of the reliability diagram; `bin` counts from 0, `observed` is the share of positives with Wilson."""

    bin: int
    cases: int
    mean_score: float
    observed: Estimate


@dataclass(frozen=True, slots=True)
class Murphy:
    """Brier = reliability - resolution + uncertainty + within_bin, exactly."""

    reliability: float
    resolution: float
    uncertainty: float
    within_bin: float


@dataclass(frozen=True, slots=True)
class BinFree:
    """Brier = miscalibration - discrimination + uncertainty, against the isotonic fit (CORP)."""

    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """All that is said about one model's calibration. slope, intercept, temperature : see their functions."""

    bins: tuple[Bin, ...]
    ece: float
    largest_gap: float
    slope: Estimate
    intercept: Estimate
    temperature: Estimate
    murphy: Murphy
    bin_free: BinFree
    brier: float
    clipped: int


def probabilities(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Scores and labels, (n_cases,) each.

    Raises
    ------
    ValueError : a score lies outside 0..1, or there is no case; ask `in_unit_range` before.
    """
    score, positive = checked(scores, labels)
    if not len(score) or not in_unit_range(score):
        raise ValueError("calibration needs cases with scores in 0 to 1")
    return score, positive


def calibrate(scores: ArrayLike, labels: ArrayLike) -> Calibration:
    """Everything of section 7 about scores as they are; errors as `probabilities`."""
    score, positive = probabilities(scores, labels)
    bins = reliability_bins(score, positive)
    return Calibration(
        bins,
        expected_error(bins),
        largest_gap(bins),
        logistic_slope(score, positive),
        intercept_in_the_large(score, positive),
        fit_temperature(score, positive),
        murphy(score, positive),
        bin_free(score, positive),
        brier(score, positive),
        clipped_logits(score)[1],
    )


def bin_numbers(scores: ArrayLike) -> IntArray:
    """The equal-mass bin of each case, (n_cases,): min(9, floor(10 (midrank - 0.5)/n)); equal scores share a bin."""
    score = np.asarray(scores, np.float64)
    twice = np.rint(2 * scipy.stats.rankdata(score)).astype(np.int64)  # midranks are halves, so this is exact
    numbers: IntArray = np.minimum(BINS - 1, BINS * (twice - 1) // (2 * len(score)))
    return numbers


def reliability_bins(scores: ArrayLike, labels: ArrayLike) -> tuple[Bin, ...]:
    """Mean score and share of positives in each bin that holds a case, rising."""
    score, positive = probabilities(scores, labels)
    numbers = bin_numbers(score)
    return tuple(
        Bin(int(b), int(here.sum()), float(score[here].mean()), wilson(int(positive[here].sum()), int(here.sum())))
        for b in np.unique(numbers)
        for here in [numbers == b]
    )


def expected_error(bins: Sequence[Bin]) -> float:
    """ECE over these bins: mean over cases of |mean score - observed|. Biased upward in small cohorts."""
    cases = sum(b.cases for b in bins)
    return sum(b.cases * _gap(b) for b in bins) / cases


def largest_gap(bins: Sequence[Bin]) -> float:
    """The largest |mean score - observed| of a bin."""
    return max(_gap(b) for b in bins)


def _gap(held: Bin) -> float:
    return abs(held.mean_score - _share(held))


def _share(held: Bin) -> float:
    if held.observed.value is None:
        raise ValueError("a bin holds at least one case")
    return held.observed.value


def brier(scores: ArrayLike, labels: ArrayLike) -> float:
    """Mean squared distance of score and label."""
    score, positive = probabilities(scores, labels)
    return float(((score - positive) ** 2).mean())


def log_loss(scores: ArrayLike, labels: ArrayLike) -> float:
    """Mean negative log likelihood a case, scores clipped as for logits."""
    score, positive = probabilities(scores, labels)
    x = clipped_logits(score)[0]
    return float(np.logaddexp(0, np.where(positive, -x, x)).mean())


def murphy(scores: ArrayLike, labels: ArrayLike) -> Murphy:
    """The parts of the Brier score over the ten bins, the remainder within bins included.

    References
    ----------
    Murphy 1973; the remainder, Stephenson, Coelho and Jolliffe 2008.
    """
    score, positive = probabilities(scores, labels)
    bins = reliability_bins(score, positive)
    n, mean = len(score), float(positive.mean())
    reliability = sum(b.cases * _gap(b) ** 2 for b in bins) / n
    resolution = sum(b.cases * (_share(b) - mean) ** 2 for b in bins) / n
    uncertainty = mean * (1 - mean)
    return Murphy(
        reliability, resolution, uncertainty, brier(score, positive) - (reliability - resolution + uncertainty)
    )


def bin_free(scores: ArrayLike, labels: ArrayLike) -> BinFree:
    """The parts of the Brier score against the isotonic fit of label on score, so that no bin is chosen.

    References
    ----------
    Dimitriadis, Gneiting and Jordan 2021 (CORP).
    """
    score, positive = probabilities(scores, labels)
    fitted = brier(fit_isotonic_map(score, positive).at(score), positive)
    uncertainty = float(positive.mean() * (1 - positive.mean()))
    return BinFree(brier(score, positive) - fitted, uncertainty - fitted, uncertainty)
