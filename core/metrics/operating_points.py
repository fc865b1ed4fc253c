"""A threshold with the rule and the cases that chose it, bound to one model's weights.

Owns the rules that choose and what they promise. Which threshold a page applies is the page's matter;
`is_positive` is the one place that applies one.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from core.metrics.counts import count_at, is_positive, split
from core.metrics.intervals import ALPHA, Estimate, clopper_pearson_lower, wilson

__all__ = [
    "Guarantee",
    "OperatingPoint",
    "Rule",
    "allowed_misses",
    "default_points",
    "guaranteed_sensitivity",
    "guaranteed_specificity",
    "is_positive",
    "youden",
]

GUARANTEE_TARGETS = (0.95, 0.90)
"""The sensitivities and specificities that a cohort is asked for when nobody names one."""


class Rule(StrEnum):
    """What chose a threshold."""

    SENSITIVITY_GUARANTEE = "sensitivity_guarantee"
    SPECIFICITY_GUARANTEE = "specificity_guarantee"
    YOUDEN = "youden"
    FIXED = "fixed"
    """Somebody named the number."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold for one finding, how it was chosen, and what it did on the cases that chose it.

    finding : the class whose score is compared. target, confidence : of a guarantee, as shares.
    cohort : what the cases were. chosen_on : 'same_cases', or the split that chose it.
    unit : 'case', or 'patient' when each patient counts once. weights_sha256 : None until bound.
    """

    name: str
    finding: str
    threshold: float
    rule: Rule
    target: float | None
    confidence: float | None
    guaranteed: bool
    cohort: str
    chosen_on: str
    positives: int
    negatives: int
    tp: int
    fp: int
    fn: int
    tn: int
    unit: Literal["case", "patient"] = "case"
    weights_sha256: str | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.threshold):
            raise ValueError("a threshold must be a number")
        if min(self.tp, self.fp, self.fn, self.tn) < 0:
            raise ValueError("counts cannot be negative")
        if self.tp + self.fn != self.positives or self.fp + self.tn != self.negatives:
            raise ValueError("the four counts do not add up to the cases")
        if self.guaranteed and (self.target is None or self.confidence is None):
            raise ValueError("a guarantee names its target and its confidence")

    @property
    def sensitivity(self) -> Estimate:
        """TP/P with Wilson's interval."""
        return wilson(self.tp, self.positives)

    @property
    def specificity(self) -> Estimate:
        """TN/N with Wilson's interval."""
        return wilson(self.tn, self.negatives)

    def bound_to(self, weights_sha256: str) -> Self:
        """The same point, valid for these weights alone."""
        return replace(self, weights_sha256=weights_sha256)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values; an infinite threshold is the text "inf" because JSON has no infinity."""
        plain = asdict(self)
        plain["rule"] = str(self.rule)
        if math.isinf(self.threshold):
            plain["threshold"] = "inf" if self.threshold > 0 else "-inf"
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The point that `to_dict` wrote down.

        Raises
        ------
        ValueError : a field is missing, unknown, of a wrong type or contradicts another.
        """
        known = {f.name for f in fields(cls)}
        if set(plain) - known:
            raise ValueError(f"unknown fields: {', '.join(sorted(set(plain) - known))}")
        try:
            counts = {k: plain[k] for k in ("positives", "negatives", "tp", "fp", "fn", "tn")}
            if any(type(v) is not int for v in counts.values()):
                raise ValueError("counts must be whole numbers")
            return cls(**{**plain, "threshold": float(plain["threshold"]), "rule": Rule(plain["rule"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an operating point: {error}") from error


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The answer of a guarantee rule: a threshold that keeps the promise, or why there is none.

    threshold : None when the class is too small for the promise. lower_bound : exact one-sided
    bound of the rate there. allowed_misses : how many of the class may lie on the wrong side.
    needed : smallest class that could carry the promise. best_promise : what this class could
    promise with no miss, rounded down to a tenth of a percent. text : one sentence.
    """

    threshold: float | None
    target: float
    confidence: float
    lower_bound: float | None
    allowed_misses: int | None
    needed: int
    best_promise: float
    text: str


def allowed_misses(cases: int, target: float, alpha: float = ALPHA) -> int | None:
    """The most misses with which `cases` still promise `target`; None when even none is too many.

    The largest m with Pr(Bin(cases, 1 - target) <= m) <= alpha: it depends on the number of cases,
    the target and alpha alone, so choosing on these very cases costs nothing.
    """
    misses = np.arange(cases)
    kept = int(np.count_nonzero(bdtr(misses, cases, 1 - target) <= alpha))
    return kept - 1 if kept else None


def guaranteed_sensitivity(positive_scores: ArrayLike, target: float, alpha: float = ALPHA) -> Guarantee:
    """The largest threshold at which the sensitivity is at least `target` with confidence 1 - alpha.

    Parameters
    ----------
    positive_scores : (n_positives,), one score a patient where patients repeat.

    References
    ----------
    Distribution-free tolerance limit (Wilks 1941); the evaluation page, section 6.
    """
    ranked = np.sort(np.asarray(positive_scores, np.float64).ravel())
    misses = allowed_misses(len(ranked), target, alpha)
    if misses is None:
        edge = f"all {len(ranked)} positives are at or above {ranked[0]:g}" if len(ranked) else "there is no positive"
        return _no_promise(len(ranked), target, alpha, "sensitivity", "positives", edge)
    lower = clopper_pearson_lower(len(ranked) - misses, len(ranked), alpha)
    return _promise(float(ranked[misses]), len(ranked), target, alpha, misses, lower, "sensitivity", "positives")


def guaranteed_specificity(
    negative_scores: ArrayLike, target: float, alpha: float = ALPHA, *, positive_scores: ArrayLike = ()
) -> Guarantee:
    """The smallest offered threshold at which the specificity is at least `target` with confidence 1 - alpha.

    Parameters
    ----------
    negative_scores : (n_negatives,), one score a patient where patients repeat.
    positive_scores : (n_positives,); thresholds are offered at every score of the cohort. Where no
        score lies above, the threshold is +inf: nobody is called positive.
    """
    negatives = np.asarray(negative_scores, np.float64).ravel()
    ranked = np.sort(negatives)[::-1]
    misses = allowed_misses(len(ranked), target, alpha)
    if misses is None:
        edge = f"all {len(ranked)} negatives are at or below {ranked[0]:g}" if len(ranked) else "there is no negative"
        return _no_promise(len(ranked), target, alpha, "specificity", "negatives", edge)
    offered = np.concatenate([negatives, np.asarray(positive_scores, np.float64).ravel(), [np.inf]])
    threshold = float(offered[offered > ranked[misses]].min())
    lower = clopper_pearson_lower(len(ranked) - misses, len(ranked), alpha)
    return _promise(threshold, len(ranked), target, alpha, misses, lower, "specificity", "negatives")


def youden(scores: ArrayLike, labels: ArrayLike) -> tuple[float, tuple[float, ...]]:
    """The threshold of largest sensitivity + specificity - 1, and every threshold that ties with it, rising.

    Ties go to the lowest threshold. The integer TP*N - FP*P is maximised, never a floating-point sum.

    Raises
    ------
    ValueError : only one class is present.
    """
    positives, negatives = split(scores, labels)
    if not len(positives) or not len(negatives):
        raise ValueError("Youden's index needs both classes")
    offered = np.append(np.unique(np.concatenate([positives, negatives])), np.inf)
    tp = len(positives) - np.searchsorted(np.sort(positives), offered, "left")
    fp = len(negatives) - np.searchsorted(np.sort(negatives), offered, "left")
    gain = tp.astype(object) * len(negatives) - fp.astype(object) * len(positives)
    tied = tuple(float(t) for t in offered[gain == gain.max()])
    return tied[0], tied


def default_points(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    finding: str,
    cohort: str,
    chosen_on: str,
    unit: Literal["case", "patient"] = "case",
) -> tuple[OperatingPoint, ...]:
    """The points a cohort offers when nobody names a rule: guarantees at 95 % and 90 %, and Youden.

    Promises that the cohort is too small to make are left out; `guaranteed_sensitivity` says why.
    """
    positives, negatives = split(scores, labels)
    chosen: list[tuple[str, Rule, float | None, float]] = []
    for target in GUARANTEE_TARGETS:
        answer = guaranteed_sensitivity(positives, target)
        if answer.threshold is not None:
            chosen.append((f"sensitivity {target:.0%}", Rule.SENSITIVITY_GUARANTEE, target, answer.threshold))
    for target in GUARANTEE_TARGETS:
        answer = guaranteed_specificity(negatives, target, positive_scores=positives)
        if answer.threshold is not None:
            chosen.append((f"specificity {target:.0%}", Rule.SPECIFICITY_GUARANTEE, target, answer.threshold))
    if len(positives) and len(negatives):
        chosen.append(("Youden", Rule.YOUDEN, None, youden(scores, labels)[0]))
    points = []
    for name, rule, target_or_none, threshold in chosen:
        counts = count_at(scores, labels, threshold)
        promised = target_or_none is not None
        points.append(
            OperatingPoint(
                name=name,
                finding=finding,
                threshold=threshold,
                rule=rule,
                target=target_or_none,
                confidence=1 - ALPHA if promised else None,
                guaranteed=promised,
                cohort=cohort,
                chosen_on=chosen_on,
                positives=len(positives),
                negatives=len(negatives),
                unit=unit,
                **asdict(counts),
            )
        )
    return tuple(points)


def _promise(
    threshold: float, cases: int, target: float, alpha: float, misses: int, lower: float, rate: str, noun: str
) -> Guarantee:
    needed, best = _needed(target, alpha), _best_promise(cases, alpha)
    text = f"With {1 - alpha:.0%} confidence the {rate} is at least {target:.0%} for new patients drawn like these."
    if math.isinf(threshold):
        text += " At this threshold nobody is called positive."
    text += f" {misses} of {cases} {noun} may be missed."
    return Guarantee(threshold, target, 1 - alpha, lower, misses, needed, best, text)


def _no_promise(cases: int, target: float, alpha: float, rate: str, noun: str, edge: str) -> Guarantee:
    needed, best = _needed(target, alpha), _best_promise(cases, alpha)
    text = (
        f"No threshold of this cohort can promise {100 * target:g} % {rate} with {100 * (1 - alpha):g} % confidence: "
        f"that needs at least {needed} {noun}, and there are {cases}. "
        f"The best promise here is {100 * best:.1f} % ({edge})."
    )
    return Guarantee(None, target, 1 - alpha, None, None, needed, best, text)


def _needed(target: float, alpha: float) -> int:
    """The smallest class that can promise `target`: target ** cases <= alpha."""
    cases = math.ceil(math.log(alpha) / math.log(target) - 1e-9)
    while target**cases > alpha:
        cases += 1
    return cases


def _best_promise(cases: int, alpha: float) -> float:
    return 0.0 if cases == 0 else math.floor(1000 * alpha ** (1 / cases)) / 1000
