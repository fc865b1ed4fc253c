"""Intervals of a proportion, of a difference and of a ratio: a figure never travels without how sure it is.

Owns `Estimate` and the closed intervals that need counts alone. Curves, paired tests and resampling live beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from core.metrics.level import normal_z, tail

ALPHA = 0.05
"""One-sided error of every guarantee unless somebody asked for another one; intervals have `level`'s."""

LOG_RATIO_SPAN = 60.0
"""A ratio of proportions is looked for within e^60 of its estimate: beyond what 64-bit counts can reach."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval. Undefined is `value` None with a `reason`, never 0 or 1.

    k, n : numerator and denominator of a proportion. se : standard error where the method has one.
    An infinite end is math.inf. A `reason` beside a value says why there is no interval.
    """

    value: float | None
    lo: float | None
    hi: float | None
    method: str | None
    k: int | None = None
    n: int | None = None
    reason: str | None = None
    se: float | None = None


def require_count(k: int, n: int) -> None:
    """Raise ValueError unless 0 <= k <= n."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")


def wilson(k: int, n: int) -> Estimate:
    """The proportion k/n with Wilson's score interval; exactly 0 at k = 0 and exactly 1 at k = n.

    References
    ----------
    Wilson 1927; the form of the evaluation page, section 4.
    """
    require_count(k, n)
    if n == 0:
        return Estimate(None, None, None, None, k, n, "no_cases")
    low, high = wilson_limits(k, n)
    return Estimate(k / n, float(low), float(high), "wilson", k, n)


def wilson_limits(k: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper Wilson limits of k/n, element by element; NaN where n is 0. Counts need not be whole."""
    hits, cases = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(n, np.float64))
    z = normal_z()
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (hits + z * z / 2) / (cases + z * z)
        half = z / (cases + z * z) * np.sqrt(hits * (cases - hits) / cases + z * z / 4)
    low = np.where(hits == 0, np.where(cases == 0, np.nan, 0.0), centre - half)
    high = np.where((hits == cases) & (cases > 0), 1.0, centre + half)
    return low, high


def clopper_pearson(k: int, n: int) -> Estimate:
    """The proportion k/n with the exact two-sided interval: it holds at least as often as the level says.

    References
    ----------
    Clopper and Pearson 1934, through quantiles of the beta distribution.
    """
    require_count(k, n)
    if n == 0:
        return Estimate(None, None, None, None, k, n, "no_cases")
    low = clopper_pearson_lower(k, n, tail())
    high = 1.0 if k == n else float(scipy.special.betaincinv(k + 1, n - k, 1 - tail()))
    return Estimate(k / n, low, high, "clopper_pearson", k, n)


def clopper_pearson_lower(k: int, n: int, alpha: float = ALPHA) -> float:
    """The exact one-sided lower bound of k/n with error `alpha`: what a guarantee rests on; 0 at k = 0."""
    require_count(k, n)
    return 0.0 if k == 0 else float(scipy.special.betaincinv(k, n - k + 1, alpha))


def newcombe_j(tp: int, positives: int, fp: int, negatives: int) -> Estimate:
    """Youden's J = TP/P - FP/N with the square-and-add interval of two independent proportions.

    Raises
    ------
    ValueError : a count is above its denominator, or a class is empty.

    References
    ----------
    Newcombe 1998, method 10, on Wilson's limits.
    """
    hit, false = wilson(tp, positives), wilson(fp, negatives)
    if hit.value is None or false.value is None:
        raise ValueError("J needs both classes")
    (l1, u1), (l2, u2) = _ends(hit), _ends(false)
    p, q = hit.value, false.value
    j = p - q
    return Estimate(j, j - math.hypot(p - l1, u2 - q), j + math.hypot(u1 - p, q - l2), "newcombe")


def koopman_ratio(k1: int, n1: int, k0: int, n0: int) -> Estimate:
    """The ratio (k1/n1) / (k0/n0) with its score interval; infinite where k0 = 0.

    Returns
    -------
    None with reason `zero_of_zero` where k1 = k0 = 0: any ratio fits. At k1 = 0 the lower end is 0,
    at k0 = 0 the upper end is inf.

    Raises
    ------
    ValueError : a count is above its denominator, or a denominator is 0.

    References
    ----------
    Koopman 1984; the restricted estimate of p0 is the root of the evaluation page, section 4.
    """
    require_count(k1, n1)
    require_count(k0, n0)
    if not n1 or not n0:
        raise ValueError("a ratio of proportions needs cases in both groups")
    if k1 + k0 == 0:
        return Estimate(None, None, None, None, reason="zero_of_zero")

    z = normal_z()

    def excess(log_ratio: float) -> float:
        return _score_distance(math.exp(log_ratio), k1, n1, k0, n0) - z * z

    estimate = math.inf if k0 == 0 else (k1 * n0) / (n1 * k0)
    inside = math.log(estimate) if k0 and k1 else math.log((k1 + 0.5) * (n0 + 1) / ((n1 + 1) * (k0 + 0.5)))
    outward = 1.0 if k0 == 0 else -1.0  # an infinite or zero estimate has its interval on that side
    while not (k0 and k1) and excess(inside) > 0 and abs(inside) < LOG_RATIO_SPAN:
        inside += outward
    low = 0.0 if k1 == 0 else math.exp(_crossing(excess, inside, -1.0))
    high = math.inf if k0 == 0 else math.exp(_crossing(excess, inside, 1.0))
    return Estimate(estimate, low, high, "koopman")


def _score_distance(ratio: float, k1: int, n1: int, k0: int, n0: int) -> float:
    """Koopman's statistic at a ratio: squared distance of both groups from the best pair with that ratio."""
    a = (n1 + n0) * ratio
    b = -(n1 * ratio + k1 + n0 + k0 * ratio)
    c = float(k1 + k0)
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    # (-b - root) / 2a loses digits where b*b dwarfs 4ac; the same root the other way round does not.
    p0 = 2 * c / (-b + root)
    p1 = min(ratio * p0, 1.0)
    return _squared_distance(k1, n1, p1) + _squared_distance(k0, n0, p0)


def _squared_distance(k: int, n: int, p: float) -> float:
    gap = k - n * p
    spread = n * p * (1 - p)
    if spread > 0:
        return gap * gap / spread
    return 0.0 if abs(gap) < 1e-9 else math.inf


def _crossing(excess: Callable[[float], float], inside: float, direction: float) -> float:
    """Where `excess` turns positive, going from `inside` in the direction given, on the log scale."""
    step = 0.5
    near, far = inside, inside + direction * step
    while excess(far) <= 0:
        near, far = far, far + direction * step
        step *= 2
        if abs(far - inside) > LOG_RATIO_SPAN:
            return far
    found = scipy.optimize.brentq(lambda x: min(excess(x), 1e6), near, far, xtol=1e-14, rtol=1e-14, maxiter=200)
    return float(found)


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.lo is None or estimate.hi is None:
        raise ValueError("an interval without ends")
    return estimate.lo, estimate.hi
