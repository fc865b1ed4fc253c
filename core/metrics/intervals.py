"""Intervals of a proportion: a figure never travels without its k, its n and how sure it is.

Owns `Estimate` and the two intervals of a proportion. Curves, paired tests and resampling live beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv

Z_95 = 1.959963984540054
"""The 0.975 quantile of the normal distribution: two-sided 95 %."""

ALPHA = 0.05
"""Two-sided error of every printed interval, one-sided error of every guarantee."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval. Undefined is `value` None with a `reason`, never 0 or 1."""

    value: float | None
    lo: float | None
    hi: float | None
    method: str | None
    k: int | None = None
    n: int | None = None
    reason: str | None = None


def require_count(k: int, n: int) -> None:
    """Raise ValueError unless 0 <= k <= n."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")


def wilson(k: int, n: int, z: float = Z_95) -> Estimate:
    """The proportion k/n with Wilson's score interval; exactly 0 at k = 0 and exactly 1 at k = n.

    References
    ----------
    Wilson 1927; the form of the evaluation page, section 4.
    """
    require_count(k, n)
    if n == 0:
        return Estimate(None, None, None, None, k, n, "no_cases")
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    low = 0.0 if k == 0 else centre - half
    high = 1.0 if k == n else centre + half
    return Estimate(k / n, low, high, "wilson", k, n)


def clopper_pearson(k: int, n: int, alpha: float = ALPHA) -> Estimate:
    """The proportion k/n with the exact two-sided interval: it holds at least 1 - alpha of the time.

    References
    ----------
    Clopper and Pearson 1934, through quantiles of the beta distribution.
    """
    require_count(k, n)
    if n == 0:
        return Estimate(None, None, None, None, k, n, "no_cases")
    low = clopper_pearson_lower(k, n, alpha / 2)
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - alpha / 2))
    return Estimate(k / n, low, high, "clopper_pearson", k, n)


def clopper_pearson_lower(k: int, n: int, alpha: float = ALPHA) -> float:
    """The exact one-sided lower bound of k/n with error `alpha`: what a guarantee rests on; 0 at k = 0."""
    require_count(k, n)
    return 0.0 if k == 0 else float(betaincinv(k, n - k + 1, alpha))
