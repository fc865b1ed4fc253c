"""What a card says in words of figures that a table would hide: what did not carry over, and promises broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.metrics.operating_points import OperatingPoint
from core.models.card import Metric
from core.training.evaluate import is_promise

CHANCE = 0.5
"""The area under the curve of a coin."""

NO_EXTERNAL = "It was measured on one source of data only: nothing is known of other hospitals, scanners or protocols."


def external_sentence(metrics: Sequence[Metric], split: str) -> str | None:
    """In words what another population gave, for the card's limits; None where there is no area."""
    for metric in metrics:
        whole = metric.split == split and metric.unit == "patient" and not metric.subgroup
        if whole and metric.name == "auc" and metric.lo is not None:
            chance = ": not shown to be better than chance" if metric.lo <= CHANCE else ""
            return (
                f"On {split} (another population) the area under the curve is {metric.value:.2f} "
                f"({metric.lo:.2f} to {metric.hi:.2f}, {metric.n} patients){chance}."
            )
    return None


def promise_sentence(point: OperatingPoint, metrics: Mapping[str, Sequence[Metric]]) -> str | None:
    """In words what a guaranteed point promised and what it reached on each split; None for a point without promise."""
    if not is_promise(point) or point.target is None or point.confidence is None:
        return None
    rate = point.rule.value.partition("_")[0]
    reached = [
        f"{split} {metric.k} of {metric.n} ({metric.value:.1%}, {verdict(metric, point.target)})"
        for split, figures in metrics.items()
        for metric in figures
        if metric.name == f"{rate} at {point.name}" and not metric.subgroup
    ]
    promise = f"'{point.name}' promises {rate} of at least {point.target:.0%} for new patients drawn like its cohort"
    return f"{promise}, with {point.confidence:.0%} confidence. Reached: {'; '.join(reached)}." if reached else None


def verdict(metric: Metric, target: float) -> str:
    """Whether a promised rate was kept; where its interval still holds the target, a miss may be chance."""
    if metric.value >= target:
        return "kept"
    return "broken" if metric.hi is not None and metric.hi < target else "missed, within what chance may do"


def calibration_sentence(metrics: Sequence[Metric], split: str) -> str | None:
    """In words how far scores are from shares on a split, and the intercept that would mend their mean."""
    held = {m.name: m for m in metrics if m.split == split and not m.subgroup}
    error, intercept = held.get("expected calibration error"), held.get("calibration intercept")
    if error is None or intercept is None or intercept.lo is None:
        return None
    known = "" if intercept.lo <= 0 <= (intercept.hi or 0) else f"; scores there are too {_side(intercept.value)}"
    return (
        f"On {split} the expected calibration error is {error.value:.3f} ({error.n} films, 10 equal-mass bins){known}. "
        f"Adding {intercept.value:+.2f} ({intercept.lo:+.2f} to {intercept.hi:+.2f}) to the logit would mend the mean."
    )


def _side(intercept: float) -> str:
    return "low" if intercept > 0 else "high"


def missing_point_sentence(names: Sequence[str], points: Sequence[OperatingPoint]) -> str | None:
    """Which of the asked points the cohort could not give."""
    missing = [name for name in names if name not in {point.name for point in points}]
    return f"No {' and no '.join(missing)} point: its cohort is too small for the promise." if missing else None
