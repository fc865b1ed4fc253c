"""What a saved operating point may promise for new cases, and what it costs a thousand of them, in sentences.

Owns the words. A rule's promise holds at the rule's own threshold; any other threshold was found by looking, and what
is left then is the band that holds at all of them (`core.metrics.band`).
"""

from __future__ import annotations

import math

from core.metrics.band import band_at, simultaneous_band
from core.metrics.counts import Counts
from core.metrics.guarantees import GUARANTEE_TARGETS, allowed_misses
from core.metrics.intervals import wilson_limits
from core.metrics.operating_points import OperatingPoint
from core.workflows.thresholds import SAME_CASES

NOT_ENOUGH = "Nothing can be promised with this many cases."


def promise_sentence(point: OperatingPoint) -> str:
    """The rule's guarantee with the cases that carry it, or the band's limit where the rule makes none."""
    if point.is_claimed:
        return "Claimed: no cohort and no count stand behind this threshold."
    if point.guaranteed and point.target is not None and point.confidence is not None:
        sensitive = "sensitivity" in point.rule.value
        rate, n, among = ("Sensitivity", point.positives, "with") if sensitive else (
            "Specificity", point.negatives, "without",
        )  # fmt: skip
        return (
            f"{rate} is at least {_percent(point.target)} with {_percent(point.confidence)} confidence, from "
            f"{n:,} {point.unit}s {among} {point.finding} of {_cases(point)}, if new cases come from the same source."
        )
    return " ".join((*_too_few(point), _at_every_cut_off(point)))


def expected_sentence(point: OperatingPoint) -> str:
    """Expected misses and false alarms per 1,000 like the cases that chose the point, with Wilson's 95 % limits.

    Empty without both kinds. The share of cases with the finding is taken as it was there.
    """
    if not point.positives or not point.negatives:
        return ""
    per = 1000 / (point.positives + point.negatives)
    missed = _per_thousand(point.fn, point.positives, per)
    alarms = _per_thousand(point.fp, point.negatives, per)
    return (
        f"Of 1,000 {point.unit}s like these, {per * point.positives:.0f} of them with {point.finding}: "
        f"{missed} missed, {alarms} false alarms (95 % intervals)."
    )


def _per_thousand(k: int, n: int, per: float) -> str:
    low, high = wilson_limits(k, n)
    return f"{per * k:.1f} ({per * n * float(low):.1f}–{per * n * float(high):.1f})"


def _too_few(point: OperatingPoint) -> tuple[str, ...]:
    target = GUARANTEE_TARGETS[0]
    if allowed_misses(point.positives, target) is not None:
        return ()
    return (f"A sensitivity of {_percent(target)} cannot be promised with {point.positives:,} {point.unit}s.",)


def _at_every_cut_off(point: OperatingPoint) -> str:
    held = band_at(Counts(point.tp, point.fp, point.fn, point.tn), simultaneous_band(point.positives, point.negatives))
    limits = [("sensitivity", held.sensitivity_lo), ("specificity", held.specificity_lo)]
    # Down to a tenth of a percent: a promise is never rounded up.
    said = [f"{name} at least {math.floor(1000 * low + 1e-9) / 10:.1f} %" for name, low in limits if low]
    if not said:
        return NOT_ENOUGH
    return (
        f"Found by looking: for new cases from the same source, {' and '.join(said)} "
        "(95 % confidence for every cut-off at once)."
    )


def _cases(point: OperatingPoint) -> str:
    if point.chosen_on != SAME_CASES and point.chosen_on:
        return point.chosen_on
    return point.cohort or "the cases that chose it"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
