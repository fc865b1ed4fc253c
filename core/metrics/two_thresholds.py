"""Two promises at once: one threshold that carries both, or two with a band of referred cases between them.

Owns the joint answers. Each promise alone is `guarantees`'; here each takes half of the error, so that both hold
together with the confidence stated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from numpy.typing import ArrayLike

from core.metrics.counts import Counts, is_positive
from core.metrics.guarantees import Guarantee
from core.metrics.intervals import ALPHA, Estimate, wilson
from core.metrics.rules import Question, promise


@dataclass(frozen=True, slots=True)
class TwoTargets:
    """Whether one threshold carries a sensitivity and a specificity together.

    low : the largest threshold that promises the sensitivity. high : the smallest that promises the specificity.
    Both hold at any threshold from high to low, where high <= low. threshold : then low, else None.
    """

    low: float | None
    high: float | None
    threshold: float | None
    confidence: float
    unit: Literal["case", "patient"]
    text: str


def two_targets(
    scores: ArrayLike,
    labels: ArrayLike,
    sensitivity: float,
    specificity: float,
    *,
    alpha: float = ALPHA,
    clusters: ArrayLike | None = None,
) -> TwoTargets:
    """The thresholds of both promises, each at 1 - alpha/2, and the one that carries both if there is one."""
    question = Question.of(scores, labels, clusters)
    first, second = _promises(question, sensitivity, specificity, alpha)
    low, high = first.threshold, second.threshold
    if low is None or high is None:
        text = " ".join(answer.text for answer in (first, second) if answer.threshold is None)
        return TwoTargets(low, high, None, 1 - alpha, question.unit, text)
    if low < high:
        text = (
            f"No single threshold carries both promises: {100 * sensitivity:g} % sensitivity holds up to {low:g}, "
            f"{100 * specificity:g} % specificity from {high:g}."
        )
        return TwoTargets(low, high, None, 1 - alpha, question.unit, text)
    text = (
        f"With {100 * (1 - alpha):g} % confidence both hold together at any threshold from {high:g} to {low:g}: "
        f"sensitivity at least {100 * sensitivity:g} %, specificity at least {100 * specificity:g} %."
    )
    return TwoTargets(low, high, low, 1 - alpha, question.unit, text)


@dataclass(frozen=True, slots=True)
class AbstainBand:
    """Negative below `low`, positive from `high`, referred between; counts are of the unit.

    Where low >= high there is no band: `low` alone decides and nobody is referred. low, high None : the cohort is
    too small for a promise, and `text` says what it needs.
    """

    low: float | None
    high: float | None
    confidence: float
    unit: Literal["case", "patient"]
    text: str
    referred: int | None = None
    referred_positives: int | None = None
    decided: Counts | None = None
    cases: int | None = None

    @property
    def referred_share(self) -> Estimate | None:
        """Share of the cases that a reader still has to see."""
        return None if self.referred is None or self.cases is None else wilson(self.referred, self.cases)


def abstain_band(
    scores: ArrayLike,
    labels: ArrayLike,
    sensitivity: float,
    specificity: float,
    *,
    alpha: float = ALPHA,
    clusters: ArrayLike | None = None,
) -> AbstainBand:
    """Two thresholds with both promises, each at 1 - alpha/2, and what is referred and decided among these cases."""
    question = Question.of(scores, labels, clusters)
    first, second = _promises(question, sensitivity, specificity, alpha)
    low, high = first.threshold, second.threshold
    if low is None or high is None:
        text = " ".join(answer.text for answer in (first, second) if answer.threshold is None)
        return AbstainBand(low, high, 1 - alpha, question.unit, text)
    band = _counted(question, low, high, 1 - alpha)
    if low >= high:
        return band
    promised = (
        f"With {100 * (1 - alpha):g} % confidence, of new {question.unit}s drawn like these at most "
        f"{100 * (1 - sensitivity):.3g} % with the finding lie below {low:.4g} and at most "
        f"{100 * (1 - specificity):.3g} % without it at or above {high:.4g}."
    )
    return replace(band, text=f"{promised} {band.text}")


def carry_band(
    band: AbstainBand, scores: ArrayLike, labels: ArrayLike, *, clusters: ArrayLike | None = None
) -> AbstainBand:
    """The same two thresholds with what they refer and decide among other cases."""
    if band.low is None or band.high is None:
        return band
    return _counted(Question.of(scores, labels, clusters), band.low, band.high, band.confidence)


def _counted(question: Question, low: float, high: float, confidence: float) -> AbstainBand:
    top = max(low, high)
    called, cleared = is_positive(question.unit_scores, top), ~is_positive(question.unit_scores, low)
    between, positive = ~called & ~cleared, question.unit_labels
    decided = Counts(
        int((called & positive).sum()), int((called & ~positive).sum()),
        int((cleared & positive).sum()), int((cleared & ~positive).sum()),
    )  # fmt: skip
    referred, found = int(between.sum()), int((between & positive).sum())
    text = (
        f"{referred} of {len(positive)} are referred, {found} of them positive."
        if low < high
        else f"There is no band: both promises hold at any threshold from {high:g} to {low:g}; {low:g} is used."
    )
    return AbstainBand(low, high, confidence, question.unit, text, referred, found, decided, len(positive))


def _promises(question: Question, sensitivity: float, specificity: float, alpha: float) -> tuple[Guarantee, Guarantee]:
    return (
        promise(question, "sensitivity", sensitivity, alpha / 2),
        promise(question, "specificity", specificity, alpha / 2),
    )
