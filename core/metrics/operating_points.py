"""A threshold with the rule and the cases that chose it, bound to one model's weights.

Owns what is saved with a model. The rules that choose are in `rules` and `guarantees`; which threshold a page
applies is the page's matter, and `is_positive` is the one place that applies one.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self

from core.metrics.intervals import Estimate, wilson


class Rule(StrEnum):
    """What chose a threshold."""

    SENSITIVITY_GUARANTEE = "sensitivity_guarantee"
    SPECIFICITY_GUARANTEE = "specificity_guarantee"
    YOUDEN = "youden"
    COST = "cost"
    OBSERVED_SENSITIVITY = "observed_sensitivity"
    """The largest threshold whose observed sensitivity meets a target: no promise."""
    OBSERVED_SPECIFICITY = "observed_specificity"
    FIXED = "fixed"
    """Somebody named the number."""


BY_HAND = "chosen by hand"
"""The name of a threshold that a user set for one look: nobody claims anything of it."""


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

    @property
    def is_claimed(self) -> bool:
        """Whether somebody only says that it is a good threshold: no case stands behind it."""
        return not self.positives and not self.negatives and self.name != BY_HAND

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
