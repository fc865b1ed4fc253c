"""From an estimate to a figure of the card, with the name of its interval or the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass

from core.metrics.intervals import Estimate
from core.models.card import Metric

SAID = {
    "few_cases": "no interval: fewer than ten",
    "few_patients": "no interval: one patient",
    "constant_score": "no interval: all scores are equal",
    "constant_values": "no interval: the same in every case",
    "undefined_in_resamples": "no interval: some resamples do not give the figure",
}
"""Reasons why an estimate has no interval, as the card says them."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which cases a figure is of, and what was counted."""

    split: str
    unit: str
    subgroup: str = ""

    def of(self, unit: str) -> Where:
        """The same cases, in another unit."""
        return Where(self.split, unit, self.subgroup)


def metric(name: str, found: Estimate, where: Where, n: int | None = None, method: str | None = None) -> list[Metric]:
    """The figure, in a list; an empty one where it is undefined.

    n : of a figure that is no proportion. method : in the place of the estimate's own words.
    """
    if found.value is None:
        return []
    told = method or found.method or SAID.get(found.reason or "", f"no interval: {found.reason}")
    return [
        Metric(
            name=name, value=found.value, lo=found.lo, hi=found.hi, method=told, k=found.k,
            n=found.n if found.n is not None else n, split=where.split, unit=where.unit, subgroup=where.subgroup,
        )
    ]  # fmt: skip


def plain_figure(name: str, value: float, where: Where, n: int, method: str | None = None) -> Metric:
    """A figure without interval; `method` says why, or how it was made."""
    return Metric(
        name=name, value=value, method=method, n=n, split=where.split, unit=where.unit, subgroup=where.subgroup
    )
