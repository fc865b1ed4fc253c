"""Where the cut-off stands, how it got there, and what was locked: one session's sweep."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import streamlit as st

from core.metrics.rules import Chosen
from core.metrics.two_thresholds import AbstainBand
from core.workflows.sweep_cases import Cell
from core.workflows.sweep_point import Locked
from pages._ui.cohort.choice import Written

_KEY = "sweep"

REMEMBERED = 200
"""Moves that the history holds."""


@dataclass(frozen=True, slots=True)
class Move:
    """One place where the cut-off was left. how : in a few words. at : seconds since the epoch."""

    threshold: float
    how: str
    cohort: str
    at: float


@dataclass(slots=True)
class Sweep:
    """One session's sweep.

    subject : what `threshold` is about; another test set, column or reading begins anew. anchor, turn : where the
    browser was last told to stand, and how often it was told. answer : of the last rule. band : of two thresholds.
    """

    column: str | None = None
    subject: tuple[object, ...] = ()
    threshold: float = 0.5
    anchor: float = 0.5
    turn: int = 0
    asked: str | None = None
    answer: Chosen | None = None
    band: AbstainBand | None = None
    locked: Locked | None = None
    history: list[Move] = field(default_factory=list)
    prevalence: float | None = None
    cell: Cell = Cell.MISSED
    view: str = ""
    shown: int = 0
    written: Written = field(default_factory=dict)

    def begin(self, subject: tuple[object, ...]) -> None:
        """Another subject: nothing of the old one may stand beside it, but what was locked on it."""
        self.subject, self.answer, self.band, self.prevalence, self.shown = subject, None, None, None, 0
        self.history.clear()

    def send(self, threshold: float, how: str, cohort: str) -> None:
        """Tell the browser to stand here."""
        self.anchor = threshold
        self.turn += 1
        self.move(threshold, how, cohort)

    def move(self, threshold: float, how: str, cohort: str) -> None:
        """Note where the cut-off was left."""
        if self.history and self.history[-1].threshold == threshold and self.history[-1].how == how:
            return
        self.threshold, self.shown = threshold, 0
        self.history.append(Move(threshold, how, cohort, time.time()))
        del self.history[:-REMEMBERED]

    @property
    def before(self) -> float | None:
        """Where the cut-off stood before the last move."""
        return self.history[-2].threshold if len(self.history) > 1 else None


def sweep_state() -> Sweep:
    """This session's sweep."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Sweep()
    held: Sweep = st.session_state[_KEY]
    return held
