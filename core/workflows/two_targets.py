"""Two promises asked for together: one threshold that carries both, or two with a band of referred cases between.

Owns the parts of a sweep's answer that tell them. The thresholds themselves are `core.metrics.two_thresholds`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.metrics.cohort import Cohort
from core.metrics.counts import BoolArray, FloatArray, figures
from core.metrics.intervals import Estimate
from core.metrics.two_thresholds import AbstainBand, abstain_band, carry_band, two_targets
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Document, Method, plain
from core.workflows.thresholds import SAME_CASES, SHARES, fixed


@dataclass(frozen=True, slots=True)
class TargetsAsked:
    """A sensitivity and a specificity to promise together, with this confidence of both.

    Raises
    ------
    ValueError : one of them does not lie between 0 and 1; the message is for the one who asked.
    """

    sensitivity: float
    specificity: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not all(0 < share < 1 for share in (self.sensitivity, self.specificity, self.confidence)):
            raise ValueError("Targets and their confidence lie between 0 and 1.")

    def told(self) -> Document:
        """As every answer about targets begins."""
        targets = {"sensitivity": self.sensitivity, "specificity": self.specificity}
        return {"targets": targets, "confidence": self.confidence}


def two_targets_document(
    file: CohortFile, model: str, asked: TargetsAsked, method: Method, chosen_on: CohortFile | None = None
) -> Document:
    """The one threshold that carries both promises, with what it does on these cases; or why there is none."""
    source = file.cohort if chosen_on is None else chosen_on.cohort
    made = two_targets(
        *_cases(source, model), asked.sensitivity, asked.specificity,
        alpha=1 - asked.confidence, clusters=method.clusters(source),
    )  # fmt: skip
    place = SAME_CASES if chosen_on is None else chosen_on.file
    at = None if made.threshold is None else fixed(made.threshold, file.cohort, model, method, place)
    return {
        **asked.told(),
        "low": plain(made.low),
        "high": plain(made.high),
        "threshold": plain(made.threshold),
        "guaranteed": made.threshold is not None,
        "chosen_on": place,
        "unit": made.unit,
        "counts": None if at is None else plain(at.counts),
        "patients": None if at is None else plain(at.patients),
        **{name: plain(_figure(None if at is None else at.figures, name)) for name in SHARES},
        "text": made.text,
    }


def abstain_document(
    file: CohortFile, model: str, asked: TargetsAsked, method: Method, chosen_on: CohortFile | None = None
) -> Document:
    """Two thresholds, what lies between them and is referred, and how right the decided ones of these cases are."""
    source = file.cohort if chosen_on is None else chosen_on.cohort
    made = abstain_band(
        *_cases(source, model), asked.sensitivity, asked.specificity,
        alpha=1 - asked.confidence, clusters=method.clusters(source),
    )  # fmt: skip
    if chosen_on is not None:
        made = carry_band(made, *_cases(file.cohort, model), clusters=method.clusters(file.cohort))
    decided = None if made.decided is None else figures(made.decided)
    return {
        **asked.told(),
        "low": plain(made.low),
        "high": plain(made.high),
        "chosen_on": SAME_CASES if chosen_on is None else chosen_on.file,
        "unit": made.unit,
        "cases": made.cases,
        "referred": made.referred,
        "referred_positives": made.referred_positives,
        "referred_share": plain(_share(made)),
        "decided": plain(made.decided),
        **{name: plain(_figure(decided, name)) for name in SHARES},
        "text": made.text,
    }


def _cases(cohort: Cohort, model: str) -> tuple[FloatArray, BoolArray]:
    return cohort.scores[model], cohort.labels


def _share(made: AbstainBand) -> Estimate:
    return made.referred_share or _NONE


def _figure(held: Mapping[str, Estimate] | None, name: str) -> Estimate:
    return _NONE if held is None else held[name]


_NONE = Estimate(None, None, None, None, reason="no_threshold")
