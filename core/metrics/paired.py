"""Two models on the same cases: how far apart, how sure, and whether the new one is not worse.

Owns section 5 of the evaluation page for areas and proportions, the adjustment for several pairs and the
non-inferiority verdict. Differences of other figures are resampled by `bootstrap`, and end here as `Comparison`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.metrics.clustered import CLUSTER_FLOOR, obuchowski
from core.metrics.cohort import codes_of
from core.metrics.counts import BoolArray, checked, is_positive
from core.metrics.delong import DELONG_FLOOR, delong, placements
from core.metrics.intervals import Estimate
from core.metrics.level import LEVEL, level, normal_z

Side = Literal["sensitivity", "specificity", "accuracy"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of model a less that of model b on the same cases.

    p : of `test`, unadjusted; None with the reason in `difference.reason`. p_exact : beside a mid-p.
    p_holm : over all pairs of this figure. only_a_right, only_b_right : discordant cases.
    non_inferior : a against b as the reference, by `margin`. primary : False marks an exploratory figure.
    """

    a: str
    b: str
    metric: str
    difference: Estimate
    p: float | None
    test: str | None
    p_exact: float | None = None
    p_holm: float | None = None
    only_a_right: int | None = None
    only_b_right: int | None = None
    margin: float | None = None
    non_inferior: bool | None = None
    primary: bool = True

    def with_margin(self, margin: float) -> Self:
        """The same with a verdict: a is not inferior to b if the interval's lower end lies above -margin.

        Raises
        ------
        ValueError : the margin is not above 0; there is no default. Or intervals are made at another level than 95 %.
        """
        if not margin > 0:
            raise ValueError("a non-inferiority margin is above 0, in the figure's units")
        if level() != LEVEL:
            raise ValueError("non-inferiority is declared by the 95 % interval")
        low = self.difference.lo
        return replace(self, margin=margin, non_inferior=None if low is None else low > -margin)


def compare_auc(
    a: str, b: str, scores: ArrayLike, labels: ArrayLike, *, clusters: ArrayLike | None = None
) -> Comparison:
    """The difference of two areas: DeLong's paired test, Obuchowski's where patients repeat.

    Parameters
    ----------
    scores : (2, n_cases), of a and of b. labels, clusters : (n_cases,).

    Returns
    -------
    No test with the reason `single_class`, `few_cases`, or `zero_variance` (both rank alike, or an area of 0 or 1).

    References
    ----------
    DeLong 1988, Obuchowski 1997.
    """
    table = np.asarray(scores, np.float64)
    _, positive = checked(table[0], labels)
    if positive.all() or not positive.any():
        return _untested(a, b, "auc", None, "single_class")
    values = placements(table, positive)[0].mean(axis=1)
    difference = float(values[0] - values[1])
    if _units(positive, clusters) < (DELONG_FLOOR if clusters is None else CLUSTER_FLOOR):
        return _untested(a, b, "auc", difference, "few_cases")
    areas = delong(table, positive) if clusters is None else obuchowski(table, positive, clusters)
    cov = areas.covariance
    variance = float(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    # Two models that rank alike leave rounding where their variances cancel.
    if variance <= 1e-12 * float(cov[0, 0] + cov[1, 1]) or bool(np.isin(values, (0.0, 1.0)).any()):
        return _untested(a, b, "auc", difference, "zero_variance")
    se = math.sqrt(variance)
    p = float(2 * scipy.special.ndtr(-abs(difference) / se))
    low, high = difference - normal_z() * se, difference + normal_z() * se
    return Comparison(a, b, "auc", Estimate(difference, low, high, areas.method, se=se), p, areas.method)


def compare_right(
    a: str,
    b: str,
    metric: Side,
    scores: ArrayLike,
    labels: ArrayLike,
    thresholds: tuple[float, float],
    *,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """The difference of two sensitivities, specificities or accuracies at stated thresholds, by McNemar.

    Parameters
    ----------
    scores : (2, n_cases). thresholds : of a and of b.

    Raises
    ------
    ValueError : patients repeat: McNemar would count their images as independent; resample instead.

    References
    ----------
    McNemar 1947, mid-p by Fagerland 2013; the interval is Tango's 1998.
    """
    if clusters is not None:
        raise ValueError("McNemar's test is not for repeated patients")
    table = np.asarray(scores, np.float64)
    _, positive = checked(table[0], labels)
    among = {"sensitivity": positive, "specificity": ~positive, "accuracy": np.ones(len(positive), bool)}[metric]
    right_a, right_b = ((is_positive(s, t) == positive)[among] for s, t in zip(table, thresholds, strict=True))
    return compare_correct(a, b, metric, right_a, right_b)


def compare_correct(a: str, b: str, metric: str, right_a: ArrayLike, right_b: ArrayLike) -> Comparison:
    """The difference of two shares of right calls over the same cases, (n,) each; `no_cases` where n is 0."""
    hit_a, hit_b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    only_a, only_b, cases = int((hit_a & ~hit_b).sum()), int((hit_b & ~hit_a).sum()), len(hit_a)
    if not cases:
        return _untested(a, b, metric, None, "no_cases")
    exact, mid = mcnemar(only_a, only_b)
    low, high = tango(only_a, only_b, cases)
    difference = Estimate((only_a - only_b) / cases, low, high, "tango", n=cases)
    return Comparison(
        a, b, metric, difference, mid, "mcnemar_mid_p", p_exact=exact, only_a_right=only_a, only_b_right=only_b
    )


def mcnemar(only_a: int, only_b: int) -> tuple[float, float]:
    """Exact p and mid-p of the discordant pairs; both 1 where there is none.

    References
    ----------
    Fagerland, Lydersen and Laake 2013: mid-p takes half the probability of the smaller count off before doubling.
    """
    discordant, fewer = only_a + only_b, min(only_a, only_b)
    if not discordant:
        return 1.0, 1.0
    tail = float(scipy.special.bdtr(fewer, discordant, 0.5))
    below = float(scipy.special.bdtr(fewer - 1, discordant, 0.5)) if fewer else 0.0
    return min(1.0, 2 * tail), min(1.0, 2 * (tail - (tail - below) / 2))


def tango(only_a: int, only_b: int, cases: int) -> tuple[float, float]:
    """Score limits of the paired difference (only_a - only_b)/cases.

    Raises
    ------
    ValueError : more discordant cases than cases, or no case.

    References
    ----------
    Tango 1998; q as in the evaluation page, section 5.
    """
    if not cases > 0 or min(only_a, only_b) < 0 or only_a + only_b > cases:
        raise ValueError(f"{only_a} and {only_b} discordant of {cases} cases")
    estimate = (only_a - only_b) / cases

    def excess(d: float) -> float:
        return _tango_gap(d, only_a, only_b, cases)

    ends = []
    for edge in (-1.0, 1.0):
        if estimate == edge or excess(edge) <= 0:
            ends.append(edge)
        else:
            ends.append(float(scipy.optimize.brentq(excess, *sorted((estimate, edge)), xtol=1e-14, rtol=1e-14)))
    return ends[0], ends[1]


def _tango_gap(d: float, b: int, c: int, n: int) -> float:
    """Squared score statistic at difference d, less z squared, times its variance: its sign is what counts."""
    first = -b - c + (2 * n - b + c) * d
    third = -c * d * (1 - d)
    q = (math.sqrt(max(first * first - 8 * n * third, 0.0)) - first) / (4 * n)
    return (b - c - n * d) ** 2 - normal_z() ** 2 * max(n * (2 * q + d * (1 - d)), 0.0)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p adjusted over all that were tested, in the order given; None stays None and is not counted.

    References
    ----------
    Holm 1979, the running maximum of (m - rank + 1) p, capped at 1.
    """
    tested = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, i) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[i] = highest
    return adjusted


def with_holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with Holm's p over all pairs of each figure; only primary figures are tested.

    Both p stay; intervals are not adjusted. A figure marked exploratory keeps p_holm None.
    """
    made = list(comparisons)
    for metric in {c.metric for c in made if c.primary}:
        rows = [i for i, c in enumerate(made) if c.metric == metric and c.primary]
        for i, p in zip(rows, holm([made[i].p for i in rows]), strict=True):
            made[i] = replace(made[i], p_holm=p)
    return made


def bootstrap_p(differences: ArrayLike) -> float:
    """Two-sided p from resampled differences (B,): twice the smaller share beyond 0, one added to both sides.

    References
    ----------
    Davison and Hinkley 1997, section 4.2; never 0, because B resamples cannot show more than 1/(B + 1).
    """
    drawn = np.asarray(differences, np.float64)
    below, above = int((drawn <= 0).sum()), int((drawn >= 0).sum())
    return min(1.0, 2 * (1 + min(below, above)) / (len(drawn) + 1))


def _units(positive: BoolArray, clusters: ArrayLike | None) -> int:
    """The smaller number of independent units of the two classes."""
    if clusters is None:
        return int(min(positive.sum(), (~positive).sum()))
    codes = codes_of(clusters)
    return min(len(np.unique(codes[positive])), len(np.unique(codes[~positive])))


def _untested(a: str, b: str, metric: str, difference: float | None, reason: str) -> Comparison:
    return Comparison(a, b, metric, Estimate(difference, None, None, None, reason=reason), None, None)
