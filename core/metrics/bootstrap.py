"""Cases drawn again: intervals and p for figures that have no formula of their own.

Owns how cases are drawn (inside each class, or patients whole), the two kinds of interval, and that every figure
asked of one `Resampler` sees the same resamples. The figures themselves are in `resampled`.

A resample is a row of weights: how often each case was drawn. Weights keep the cases' order, so a figure sorts
its scores once and not once a resample.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.cohort import FEW_CASES, codes_of
from core.metrics.counts import FloatArray, IntArray
from core.metrics.intervals import Estimate
from core.metrics.level import normal_z, tail
from core.metrics.paired import Comparison, bootstrap_p

RESAMPLES = 2000
"""The ends then move by 0.001 to 0.003 from seed to seed: three decimals are printed, no more."""

BLOCK_WEIGHTS = 200_000
"""Weights held at once, 1.6 MB as whole numbers: a block and what is made of it stay in the processor's cache."""

MOST_WEIGHTS = 200_000_000
"""Resamples times cases that are drawn for one figure: minutes. Beyond, intervals that would take hours are left empty;
at so many cases they are hardly wider than the figure's last printed digit."""

MAX_REDRAWS = 100
"""A cohort whose patients so often miss a class cannot be resampled by patient."""


class Figure(Protocol):
    """A number that weighted cases give; NaN where they do not give it."""

    def __call__(self, weights: IntArray) -> FloatArray:
        """(resamples, n_cases) weights to (resamples,) values, or (resamples, k) for a row of figures."""
        ...

    def jackknife(self) -> FloatArray:
        """The value without each case in turn, (n_cases,) or (n_cases, k)."""
        ...


class Resampler:
    """The same resamples for every figure asked.

    Parameters
    ----------
    strata : (n_cases,) classes; cases are drawn inside each. A class below ten leaves every interval `few_cases`,
        more than `MOST_WEIGHTS` draws leave it `too_many_cases`.
    clusters : (n_cases,) patients, drawn whole in place of cases; a draw without every class is drawn again.
    resamples, seed : how many, and where the random numbers start; both are to be printed.

    References
    ----------
    Efron and Tibshirani 1993, chapters 12 to 14; the evaluation page, section 4.
    """

    def __init__(
        self, strata: ArrayLike, clusters: ArrayLike | None = None, *, resamples: int = RESAMPLES, seed: int = 0
    ) -> None:
        self.strata = codes_of(strata)
        self.clusters = None if clusters is None else codes_of(clusters)
        self.resamples, self.seed = resamples, seed
        self.redrawn = 0
        sizes = np.bincount(self.strata)
        self._classes = len(sizes)
        self._place = np.argsort(np.argsort(self.strata, kind="stable"))
        self.reason = _why_none(sizes, resamples)

    @property
    def scheme(self) -> str:
        """`stratified`, or `cluster` where patients are drawn."""
        return "stratified" if self.clusters is None else "cluster"

    def blocks(self) -> Iterator[IntArray]:
        """Weights (some resamples, n_cases), the same in every pass."""
        # One source a class, and one for draws that are drawn again: numbers do not depend on the size of a block.
        sources = [np.random.default_rng(s) for s in np.random.SeedSequence(self.seed).spawn(self._classes + 1)]
        self.redrawn = 0
        size = max(1, min(self.resamples, BLOCK_WEIGHTS // max(len(self.strata), 1)))
        for start in range(0, self.resamples, size):
            rows = min(size, self.resamples - start)
            yield self._inside_classes(sources, rows) if self.clusters is None else self._patients(sources, rows)

    def values(self, figure: Figure) -> FloatArray:
        """The figure of every resample, (resamples,) or (resamples, k)."""
        return np.concatenate([figure(block) for block in self.blocks()])

    def estimate(self, figure: Figure, kind: str = "percentile") -> Estimate:
        """The figure and its interval: `percentile`, or `bca` (percentile all the same where patients are drawn).

        Returns
        -------
        The value without interval and the reason `few_cases` for a class below ten; None with `undefined` where
        the cases do not give the figure; reason `undefined_in_resamples` where some resample does not.
        """
        return self.estimates(figure, kind)[0]

    def estimates(self, figure: Figure, kind: str = "percentile") -> list[Estimate]:
        """The same for each figure of a row."""
        points = np.atleast_1d(figure(np.ones((1, len(self.strata)), np.int64))[0])
        if self.reason is not None:
            return [self._without(float(point)) for point in points]
        drawn = self.values(figure).reshape(self.resamples, -1)
        bca = kind == "bca" and self.clusters is None
        spares = figure.jackknife().reshape(len(self.strata), -1) if bca else None
        return [
            self._interval(float(point), drawn[:, i], None if spares is None else spares[:, i])
            for i, point in enumerate(points)
        ]

    def compare(self, a: str, b: str, metric: str, figure_a: Figure, figure_b: Figure) -> Comparison:
        """The difference of two figures over the same resamples, with percentile interval and bootstrap p."""
        both = [np.ravel(figure(np.ones((1, len(self.strata)), np.int64)))[0] for figure in (figure_a, figure_b)]
        point = float(both[0] - both[1])
        if self.reason is not None or np.isnan(point):
            return Comparison(a, b, metric, self._without(point), None, None)
        drawn = np.concatenate([np.ravel(figure_a(w)) - np.ravel(figure_b(w)) for w in self.blocks()])
        difference = self._interval(point, drawn, None)
        p = None if difference.lo is None else bootstrap_p(drawn)
        return Comparison(a, b, metric, difference, p, None if p is None else f"bootstrap_{self.scheme}")

    def _without(self, point: float) -> Estimate:
        """A value that gets no interval."""
        if np.isnan(point):
            reason = self.reason if self.reason == "single_class" else "undefined"
            return Estimate(None, None, None, None, reason=reason)
        return Estimate(point, None, None, None, reason=self.reason)

    def _interval(self, point: float, drawn: FloatArray, spares: FloatArray | None) -> Estimate:
        if np.isnan(point):
            return self._without(point)
        if np.isnan(drawn).any():
            return Estimate(point, None, None, None, reason="undefined_in_resamples")
        kind = "percentile" if spares is None else "bca"
        at = _percentiles() if spares is None else bca_levels(point, drawn, spares, self.strata)
        finite = bool(np.isfinite(drawn).all())
        # Between two infinities there is nothing to interpolate: then a drawn value itself is the end.
        low, high = np.quantile(drawn, at, method="linear" if finite else "inverted_cdf")
        se = float(drawn.std(ddof=1)) if finite else None
        return Estimate(point, float(low), float(high), f"{kind}_{self.scheme}", se=se)

    def _inside_classes(self, sources: list[np.random.Generator], rows: int) -> IntArray:
        sizes = np.bincount(self.strata)
        drawn = [draw_counts(source, rows, int(n)) for source, n in zip(sources[:-1], sizes, strict=True)]
        weights: IntArray = np.take(np.concatenate(drawn, axis=1), self._place, axis=1)
        return weights

    def _patients(self, sources: list[np.random.Generator], rows: int) -> IntArray:
        if self.clusters is None:
            raise TypeError("no patients to draw")
        patients = int(self.clusters.max()) + 1
        members = np.stack([np.bincount(self.clusters, self.strata == s, patients) for s in np.unique(self.strata)])
        drawn = draw_counts(sources[0], rows, patients)
        for _ in range(MAX_REDRAWS):
            empty = np.flatnonzero((drawn @ members.T == 0).any(axis=1))
            if not len(empty):
                weights: IntArray = drawn[:, self.clusters]
                return weights
            self.redrawn += len(empty)
            drawn[empty] = draw_counts(sources[-1], len(empty), patients)
        raise ValueError("too few patients hold one of the classes to resample by patient")


def draw_counts(random: np.random.Generator, rows: int, units: int) -> IntArray:
    """How often each of `units` is drawn when as many are drawn with replacement, (rows, units)."""
    drawn = random.integers(0, units, (rows, units))
    drawn += np.arange(rows)[:, None] * units
    counts: IntArray = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units)
    return counts


def bca_levels(point: float, drawn: FloatArray, spares: FloatArray, strata: IntArray) -> FloatArray:
    """The two quantile levels of the bias-corrected and accelerated interval.

    Parameters
    ----------
    drawn : (resamples,). spares : (n_cases,), the value without each case. strata : (n_cases,).

    References
    ----------
    Efron 1987; acceleration over strata as in Davison and Hinkley 1997, section 5.4.
    """
    share = ((drawn < point).sum() + (drawn == point).sum() / 2) / len(drawn)
    if not 0 < share < 1:  # no resample on one side: the correction is infinite, and says nothing
        return _percentiles()
    z0 = float(scipy.special.ndtri(share))
    cubes = squares = 0.0
    for stratum in np.unique(strata):
        held = spares[strata == stratum]
        influence = (len(held) - 1) * (held.mean() - held)
        cubes += float((influence**3).sum()) / len(held) ** 3
        squares += float((influence**2).sum()) / len(held) ** 2
    acceleration = cubes / squares**1.5 / 6 if squares > 0 else 0.0
    shifted = z0 + np.array([-normal_z(), normal_z()])
    levels: FloatArray = scipy.special.ndtr(z0 + shifted / (1 - acceleration * shifted))
    return levels


def _why_none(sizes: IntArray, resamples: int) -> str | None:
    if len(sizes) < 2:
        return "single_class"
    if sizes.min() < FEW_CASES:
        return "few_cases"
    return "too_many_cases" if int(sizes.sum()) * resamples > MOST_WEIGHTS else None


def _percentiles() -> FloatArray:
    return np.array([tail(), 1 - tail()])
