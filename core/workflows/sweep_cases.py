"""The cases behind the four counts: who was missed, who was called wrongly, and whom a move of the cut-off flips.

Owns which cases a cell holds and their order, nearest the cut-off first. Their pictures are `cohorts_cases`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.metrics.cohort import Cohort
from core.metrics.counts import is_positive


class Cell(StrEnum):
    """One of the four counts; the value is its name on screen."""

    MISSED = "missed"
    FALSE_ALARM = "false alarms"
    FOUND = "found"
    CLEAR = "rightly clear"


CELL_OF = {"fn": Cell.MISSED, "fp": Cell.FALSE_ALARM, "tp": Cell.FOUND, "tn": Cell.CLEAR}


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """A case with its score and its truth; `became` is the cell that it is in now."""

    id: str
    score: float
    positive: bool
    became: Cell


@dataclass(frozen=True, slots=True)
class Flips:
    """Cases whose call changed between two thresholds, nearest to the new one first."""

    cases: tuple[ScoredCase, ...]
    found: int
    missed: int
    false_alarms: int
    cleared: int

    @property
    def sentence(self) -> str:
        """What the move was worth."""
        if not self.cases:
            return "No case changed its call."
        parts = {
            "more found": self.found, "more missed": self.missed,
            "more false alarms": self.false_alarms, "fewer false alarms": self.cleared,
        }  # fmt: skip
        told = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
        return f"{len(self.cases):,} {'case' if len(self.cases) == 1 else 'cases'} changed: {told}."


def cases_in(cohort: Cohort, column: str, threshold: float, cell: Cell) -> list[ScoredCase]:
    """The cases of one cell, nearest to the threshold first."""
    called = is_positive(cohort.scores[column], threshold)
    positive = cell in (Cell.MISSED, Cell.FOUND)
    wanted = called if cell in (Cell.FOUND, Cell.FALSE_ALARM) else ~called
    inside = np.flatnonzero(wanted & (cohort.labels if positive else ~cohort.labels))
    return _listed(cohort, column, threshold, inside)


def flips(cohort: Cohort, column: str, before: float, after: float) -> Flips:
    """The cases that a move from one threshold to another calls differently."""
    scores, labels = cohort.scores[column], cohort.labels
    was, now = is_positive(scores, before), is_positive(scores, after)
    changed = was != now
    return Flips(
        tuple(_listed(cohort, column, after, np.flatnonzero(changed))),
        found=int((changed & now & labels).sum()),
        missed=int((changed & ~now & labels).sum()),
        false_alarms=int((changed & now & ~labels).sum()),
        cleared=int((changed & ~now & ~labels).sum()),
    )


def _listed(cohort: Cohort, column: str, threshold: float, rows: NDArray[np.int64]) -> list[ScoredCase]:
    scores = cohort.scores[column]
    # Above every score all are equally far; then the highest come first.
    far = np.abs(scores[rows] - threshold) if np.isfinite(threshold) else -scores[rows]
    ordered = rows[np.argsort(far, kind="stable")]
    return [
        ScoredCase(cohort.cases[i], float(scores[i]), bool(cohort.labels[i]), _cell(cohort, i, scores[i] >= threshold))
        for i in ordered
    ]


def _cell(cohort: Cohort, row: int, called: bool) -> Cell:
    if cohort.labels[row]:
        return Cell.FOUND if called else Cell.MISSED
    return Cell.FALSE_ALARM if called else Cell.CLEAR
