"""Many segmented cases in one table: means and medians over cases, never over pooled voxels.

Owns the summary, its intervals over patients, and agreement of volumes (Bland and Altman).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.bootstrap import RESAMPLES, draw_counts
from core.metrics.cohort import FEW_CASES, codes_of
from core.metrics.counts import FloatArray, IntArray, undefined
from core.metrics.intervals import Estimate, wilson
from core.metrics.level import Z_95, tail
from core.metrics.paired import bootstrap_p
from core.metrics.segmentation import MaskFigures, State


@dataclass(frozen=True, slots=True)
class Centre:
    """Mean and median over the cases that have the figure; `omitted` have none."""

    mean: Estimate
    median: Estimate
    omitted: int


@dataclass(frozen=True, slots=True)
class Presence:
    """Cases by whether reference and prediction hold a voxel."""

    both: int
    reference_only: int
    prediction_only: int
    neither: int


@dataclass(frozen=True, slots=True)
class MaskSummary:
    """One label over all cases. both_empty counts as a correct "nothing there"; one_empty is penalised in the means."""

    cases: int
    both_empty: int
    one_empty: int
    presence: Presence
    dice: Centre
    iou: Centre
    hd95_mm: Centre
    nsd: dict[float, Centre]
    volume_error_ml: Centre
    lesion_sensitivity: Estimate
    false_positives_per_scan: Estimate


def summarise_masks(
    cases: Sequence[MaskFigures],
    patients: ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> MaskSummary:
    """The table of one label, each figure with its percentile interval over patients.

    Parameters
    ----------
    patients : one for each case, or None for one case a patient.

    Returns
    -------
    Intervals are left out, reason `few_cases`, below ten patients.

    Raises
    ------
    ValueError : no case.
    """
    if not cases:
        raise ValueError("a summary needs a case")
    draw = Draws(np.arange(len(cases)) if patients is None else codes_of(patients), resamples, seed)
    states = [case.state for case in cases]
    presence = Presence(
        states.count(State.BOTH_PRESENT),
        states.count(State.PREDICTION_EMPTY),
        states.count(State.REFERENCE_EMPTY),
        states.count(State.BOTH_EMPTY),
    )
    return MaskSummary(
        cases=len(cases),
        both_empty=presence.neither,
        one_empty=presence.reference_only + presence.prediction_only,
        presence=presence,
        dice=draw.centre([case.dice for case in cases]),
        iou=draw.centre([case.iou for case in cases]),
        hd95_mm=draw.centre([case.hd95_mm for case in cases]),
        nsd={tau: draw.centre([case.nsd[tau] for case in cases]) for tau in cases[0].nsd},
        volume_error_ml=draw.centre([case.volume_error_ml for case in cases]),
        lesion_sensitivity=draw.ratio(
            [case.lesions.detected for case in cases], [case.lesions.reference for case in cases]
        ),
        false_positives_per_scan=draw.centre([float(case.lesions.false_positives) for case in cases]).mean,
    )


class Draws:
    """Patients drawn whole, the same for every figure of a summary. codes : (n_cases,) patients, from 0."""

    def __init__(self, codes: IntArray, resamples: int, seed: int) -> None:
        patients = int(codes.max()) + 1
        self.codes, self.few = codes, patients < FEW_CASES
        rows = 0 if self.few else resamples
        drawn = draw_counts(np.random.default_rng(seed), rows, patients)
        self.weights = drawn[:, codes]

    def centre(self, values: Sequence[float | None]) -> Centre:
        """Mean and median of a figure; cases without it are left out of both."""
        column = np.array([np.nan if v is None else v for v in values], np.float64)
        given = ~np.isnan(column)
        held, weights = column[given], self.weights[:, given]
        return Centre(
            self._estimate(held, weights, _means, np.mean),
            self._estimate(held, weights, _medians, np.median),
            int((~given).sum()),
        )

    def difference(
        self, first: Sequence[float | None], second: Sequence[float | None], *, median: bool = False
    ) -> tuple[Estimate, float | None]:
        """Mean, or median, of first less second case by case, and the p of its being 0; None where it has no interval.

        Cases in which either is undefined are left out.
        """
        pairs = zip(first, second, strict=True)
        column = np.array([np.nan if a is None or b is None else a - b for a, b in pairs], np.float64)
        given = ~np.isnan(column)
        held, weights = column[given], self.weights[:, given]
        resampled, plain = (_medians, np.median) if median else (_means, np.mean)
        made = self._estimate(held, weights, resampled, plain)
        return made, None if made.lo is None else bootstrap_p(resampled(held, weights.astype(np.float64)))

    def ratio(self, hits: Sequence[int], of: Sequence[int]) -> Estimate:
        """A share pooled over cases, with its interval over patients.

        Where all or none are hit, every resample says the same, which is no certainty: Wilson's interval then, on as
        many as there are patients with something to hit.
        """
        k, n = np.array(hits, np.float64), np.array(of, np.float64)
        if not n.sum():
            return Estimate(None, None, None, None, 0, 0, "no_lesions")
        plain = wilson(int(k.sum()), int(n.sum()))
        if self.few:
            return Estimate(plain.value, None, None, None, plain.k, plain.n, "few_cases")
        if k.sum() in (0, n.sum()):
            patients = len(np.unique(self.codes[n > 0]))
            cautious = wilson(patients if k.sum() else 0, patients)
            return Estimate(plain.value, cautious.lo, cautious.hi, "wilson_cluster", plain.k, plain.n)
        below = self.weights @ n
        if not below.all():
            return Estimate(plain.value, None, None, None, plain.k, plain.n, "undefined_in_resamples")
        low, high = np.quantile(self.weights @ k / below, [tail(), 1 - tail()])
        return Estimate(plain.value, float(low), float(high), "percentile_cluster", plain.k, plain.n)

    def _estimate(
        self,
        held: FloatArray,
        weights: IntArray,
        resampled: Callable[[FloatArray, FloatArray], FloatArray],
        plain: Callable[[FloatArray], np.floating],
    ) -> Estimate:
        if not len(held):
            return undefined("no_cases")
        value = float(plain(held))
        if self.few:
            return Estimate(value, None, None, None, n=len(held), reason="few_cases")
        if np.ptp(held) == 0:  # every resample says the same, which is no certainty
            return Estimate(value, None, None, None, n=len(held), reason="constant_values")
        filled = weights[weights.sum(axis=1) > 0].astype(np.float64)
        if len(filled) < len(weights):
            return Estimate(value, None, None, None, n=len(held), reason="undefined_in_resamples")
        low, high = np.quantile(resampled(held, filled), [tail(), 1 - tail()])
        return Estimate(value, float(low), float(high), "percentile_cluster", n=len(held))


def _means(values: FloatArray, weights: FloatArray) -> FloatArray:
    means: FloatArray = weights @ values / weights.sum(axis=1)
    return means


def _medians(values: FloatArray, weights: FloatArray) -> FloatArray:
    """The plain median of each resample: the middle value, or the mean of the two in the middle."""
    order = np.argsort(values)
    running = np.cumsum(weights[:, order], axis=1)
    total = running[:, -1:]
    lower = np.argmax(running >= np.floor((total + 1) / 2), axis=1)
    upper = np.argmax(running >= np.floor(total / 2) + 1, axis=1)
    ranked = values[order]
    medians: FloatArray = (ranked[lower] + ranked[upper]) / 2
    return medians


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Agreement of two measurements, in their unit. slope : of the difference on the mean of both, with its p."""

    n: int
    bias: Estimate
    sd: float
    lower_limit: Estimate
    upper_limit: Estimate
    slope: float | None
    slope_p: float | None


def bland_altman(reference: ArrayLike, prediction: ArrayLike) -> BlandAltman | None:
    """Bias and limits of agreement of prediction - reference; None below three cases.

    Parameters
    ----------
    reference, prediction : (n,), the same unit.

    References
    ----------
    Bland and Altman 1999; the limits' standard error as there, section 2.1.
    """
    first, second = np.asarray(reference, np.float64), np.asarray(prediction, np.float64)
    n = len(first)
    if n < 3:
        return None
    difference, middle = second - first, (first + second) / 2
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(scipy.stats.t.ppf(1 - tail(), n - 1))
    limit_se = sd * math.sqrt(1 / n + Z_95**2 / (2 * (n - 1)))
    slope = p = None
    if np.ptp(middle) > 0 and sd > 0:
        fitted = scipy.stats.linregress(middle, difference)
        slope, p = float(fitted.slope), float(fitted.pvalue)
    return BlandAltman(
        n,
        _around(bias, sd / math.sqrt(n), quantile),
        sd,
        _around(bias - Z_95 * sd, limit_se, quantile),
        _around(bias + Z_95 * sd, limit_se, quantile),
        slope,
        p,
    )


def _around(point: float, se: float, quantile: float) -> Estimate:
    return Estimate(point, point - quantile * se, point + quantile * se, "t", se=se)
