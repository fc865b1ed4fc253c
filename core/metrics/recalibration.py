"""Maps from a score to a better probability, and the logistic fits that tell how far a score is from one.

Owns logistic slope and intercept, temperature, Platt and isotonic maps, and fitting a map on one part of the cases
to read it on another. A map is fitted on one file and reported on another; on one file only cross-fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.cohort import codes_of
from core.metrics.counts import FloatArray, checked
from core.metrics.intervals import Estimate
from core.metrics.level import normal_z

CLIP = 1e-6
"""Scores nearer to 0 or 1 have their logit taken here; how many is reported."""

ISOTONIC_FLOOR = 1000
"""Fewer cases make an isotonic map follow noise."""

SATURATED = 40.0
"""A logit beyond which a probability is 0 or 1 to the last digit."""

FOLDS = 10
"""Of a cross-fit; patients stay whole."""

STEPS = 100
"""Newton's steps of a one- or two-parameter fit; a dozen are enough where there is a solution."""


class Map(Protocol):
    """A rising map from scores to probabilities."""

    def at(self, scores: ArrayLike) -> FloatArray:
        """(n,) scores in 0..1 to (n,) probabilities."""
        ...


@dataclass(frozen=True, slots=True)
class LogisticMap:
    """p -> 1/(1 + exp(-(intercept + slope logit p))): Platt's map, and the temperature 1/slope without intercept."""

    intercept: float
    slope: float

    def at(self, scores: ArrayLike) -> FloatArray:
        """(n,) probabilities."""
        mapped: FloatArray = scipy.special.expit(self.intercept + self.slope * clipped_logits(scores)[0])
        return mapped


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicMap:
    """Linear between the values at the scores that were fitted, flat beyond. scores, values : (knots,), rising."""

    scores: FloatArray
    values: FloatArray

    def at(self, scores: ArrayLike) -> FloatArray:
        """(n,) probabilities."""
        return np.interp(np.asarray(scores, np.float64), self.scores, self.values)


def clipped_logits(scores: ArrayLike) -> tuple[FloatArray, int]:
    """Logits of scores clipped to [1e-6, 1 - 1e-6], (n,), and how many were clipped."""
    score = np.asarray(scores, np.float64)
    held = np.clip(score, CLIP, 1 - CLIP)
    x: FloatArray = scipy.special.logit(held)
    return x, int((held != score).sum())


def logistic_slope(scores: ArrayLike, labels: ArrayLike) -> Estimate:
    """Slope of the label on the score's logit; ideal 1, below 1 where scores are too extreme. Wald interval.

    Returns
    -------
    None with reason `single_class`, `constant_score`, or `separated` where the classes do not overlap.
    """
    x, y, reason = _ready(scores, labels)
    if reason is not None:
        return Estimate(None, None, None, None, reason=reason)
    design = np.stack([np.ones_like(x), x])
    beta, error = _fit(design, y, np.zeros_like(x))
    return _wald(float(beta[1]), float(error[1]))


def intercept_in_the_large(scores: ArrayLike, labels: ArrayLike) -> Estimate:
    """Intercept of the label with the logit as offset; ideal 0, above 0 where scores are too low. Wald interval."""
    score, positive = checked(scores, labels)
    if positive.all() or not positive.any():
        return Estimate(None, None, None, None, reason="single_class")
    x = clipped_logits(score)[0]
    # The likelihood's slope falls steadily, so its root is bracketed: Newton's steps run away from saturated scores.
    reach = float(np.abs(x).max()) + SATURATED
    root = float(
        scipy.optimize.brentq(
            lambda b: scipy.special.expit(x + b).sum() - positive.sum(), -reach, reach, xtol=1e-13, rtol=1e-13
        )
    )
    p = scipy.special.expit(x + root)
    return _wald(root, 1 / float(np.sqrt((p * (1 - p)).sum())))


def fit_temperature(scores: ArrayLike, labels: ArrayLike) -> Estimate:
    """T of p -> 1/(1 + exp(-logit(p)/T)), by maximum likelihood; Wald interval of 1/T turned over.

    Returns
    -------
    None with reason `not_increasing` where 1/T is not above 0, `separated` where T would be 0, or as the slope.
    The interval is left out, reason `slope_reaches_zero`, where 1/T may be 0.
    """
    x, y, reason = _ready(scores, labels)
    if reason in ("single_class", "constant_score"):
        return Estimate(None, None, None, None, reason=reason)
    signed = np.where(y > 0, x, -x)
    if (signed >= 0).all() or (signed <= 0).all():
        return Estimate(None, None, None, None, reason="separated" if (signed >= 0).all() else "not_increasing")
    beta, error = _fit(x[None, :], y, np.zeros_like(x))
    slope, se = float(beta[0]), float(error[0])
    if slope <= 0:
        return Estimate(None, None, None, None, reason="not_increasing")
    if slope - normal_z() * se <= 0:
        return Estimate(1 / slope, None, None, None, reason="slope_reaches_zero")
    return Estimate(1 / slope, 1 / (slope + normal_z() * se), 1 / (slope - normal_z() * se), "wald", se=se / slope**2)


def temperature_map(temperature: Estimate) -> LogisticMap | None:
    """The map of a fitted temperature; None where there is none."""
    return None if temperature.value is None else LogisticMap(0.0, 1 / temperature.value)


def fit_platt(scores: ArrayLike, labels: ArrayLike) -> LogisticMap | str:
    """Platt's map, fitted to his targets (P + 1)/(P + 2) and 1/(N + 2), so that it exists for separated classes too.

    Returns
    -------
    The map, or the reason `single_class`, `constant_score` or `not_increasing`.

    References
    ----------
    Platt 1999.
    """
    x, y, reason = _ready(scores, labels)
    if reason in ("single_class", "constant_score"):
        return reason
    p, n = float(y.sum()), float(len(y) - y.sum())
    targets = np.where(y > 0, (p + 1) / (p + 2), 1 / (n + 2))
    beta, _ = _fit(np.stack([np.ones_like(x), x]), targets, np.zeros_like(x))
    return LogisticMap(float(beta[0]), float(beta[1])) if beta[1] > 0 else "not_increasing"


def fit_isotonic(scores: ArrayLike, labels: ArrayLike) -> IsotonicMap | str:
    """The isotonic map, or the reason `few_cases` below a thousand. It makes ties, so the area may change."""
    score, positive = checked(scores, labels)
    return "few_cases" if len(score) < ISOTONIC_FLOOR else fit_isotonic_map(score, positive)


def fit_isotonic_map(scores: ArrayLike, labels: ArrayLike) -> IsotonicMap:
    """The isotonic least-squares fit of label on score at any size; equal scores share a value.

    References
    ----------
    Pool adjacent violators, Ayer et al. 1955.
    """
    score, positive = checked(scores, labels)
    knots, at = np.unique(score, return_inverse=True)
    cases = np.bincount(at)
    values = scipy.optimize.isotonic_regression(np.bincount(at, positive) / cases, weights=cases).x
    return IsotonicMap(knots, np.asarray(values, np.float64))


class MapKind(StrEnum):
    """The maps on offer."""

    TEMPERATURE = "temperature"
    PLATT = "platt"
    ISOTONIC = "isotonic"


def fit_map(kind: MapKind, scores: ArrayLike, labels: ArrayLike) -> Map | str:
    """The map of this kind, or the reason why there is none."""
    if kind is MapKind.PLATT:
        return fit_platt(scores, labels)
    if kind is MapKind.ISOTONIC:
        return fit_isotonic(scores, labels)
    temperature = fit_temperature(scores, labels)
    return temperature_map(temperature) or temperature.reason or "undefined"


def cross_fitted(
    kind: MapKind, scores: ArrayLike, labels: ArrayLike, *, clusters: ArrayLike | None = None, seed: int = 0
) -> FloatArray | str:
    """Each case's mapped score from a map that never saw its patient, in ten folds; (n,), or the reason of a fold."""
    score, positive = checked(scores, labels)
    codes = np.arange(len(score)) if clusters is None else codes_of(clusters)
    units = int(codes.max()) + 1
    fold = (np.random.default_rng(seed).permutation(units) % FOLDS)[codes]
    mapped = np.empty(len(score))
    for number in np.unique(fold):
        inside = fold == number
        fitted = fit_map(kind, score[~inside], positive[~inside])
        if isinstance(fitted, str):
            return fitted
        mapped[inside] = fitted.at(score[inside])
    return mapped


def _ready(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, FloatArray, str | None]:
    """Logits, labels as numbers, and the reason why a slope has no maximum-likelihood value."""
    score, positive = checked(scores, labels)
    x, y = clipped_logits(score)[0], positive.astype(np.float64)
    if positive.all() or not positive.any():
        return x, y, "single_class"
    if x.min() == x.max():
        return x, y, "constant_score"
    inside, outside = x[positive], x[~positive]
    apart = inside.min() >= outside.max() or inside.max() <= outside.min()
    return x, y, "separated" if apart else None


def _fit(design: FloatArray, targets: FloatArray, offset: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logistic regression by Newton with halved steps: coefficients and standard errors, (k,) each.

    design : (k, n). targets : (n,) in 0..1. The caller has made sure that there is a maximum.
    """
    beta = np.zeros(len(design))
    loss = _negative_log_likelihood(beta, design, targets, offset)
    for _ in range(STEPS):
        p = scipy.special.expit(offset + beta @ design)
        step = np.linalg.solve((design * (p * (1 - p))) @ design.T, design @ (targets - p))
        scale = 1.0
        after = _negative_log_likelihood(beta + step, design, targets, offset)
        while after > loss + 1e-12 * abs(loss) and scale > 1e-8:
            scale /= 2
            after = _negative_log_likelihood(beta + scale * step, design, targets, offset)
        beta, loss = beta + scale * step, after
        if float(np.abs(scale * step).max()) < 1e-12 * (1 + float(np.abs(beta).max())):
            break
    p = scipy.special.expit(offset + beta @ design)
    error: FloatArray = np.sqrt(np.diag(np.linalg.inv((design * (p * (1 - p))) @ design.T)))
    return beta, error


def _negative_log_likelihood(beta: FloatArray, design: FloatArray, targets: FloatArray, offset: FloatArray) -> float:
    x = offset + beta @ design
    return float((np.logaddexp(0, x) - targets * x).sum())


def _wald(point: float, se: float) -> Estimate:
    return Estimate(point, point - normal_z() * se, point + normal_z() * se, "wald", se=se)
