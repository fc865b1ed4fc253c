"""Cases with labels and one or several models' scores: what every figure of the evaluation is asked of.

Owns the checked table, who the patients are, and what a missing score means. Reading files belongs to the
workflows; what the numbers say belongs to the rest of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.counts import BoolArray, FloatArray, IntArray
from core.metrics.names import Names

FEW_CASES = 10
"""Below this many cases of a class an answer carries `few_cases` and no resampled interval: too few to resample."""


class Missing(StrEnum):
    """What happens to a case without a score."""

    REFUSE = "refuse"
    DROP = "drop"
    """Such a case leaves every model, so all models see the same cases."""
    WORST = "worst"
    """A positive counts as -inf and a negative as +inf: wrong at every threshold."""
    BEST = "best"
    """The reverse."""


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that travels with an answer: a code for programs, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Labelled cases and their scores; an object that exists is consistent.

    cases : unique ids, a tuple or `Names`. labels : (n,) true for a positive. scores : model name to (n,) 64-bit
    numbers, none missing (infinities stand for bounds). patients : an id for every case, or None for one image a
    patient. slices : subgroup column to its text for every case.

    Raises
    ------
    ValueError : lengths differ, an id repeats, or a score is no number.
    """

    cases: Sequence[str]
    labels: BoolArray
    scores: Mapping[str, FloatArray]
    patients: tuple[str, ...] | None = None
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        labels = np.array(self.labels, bool)
        scores = {name: np.array(column, np.float64) for name, column in self.scores.items()}
        for held in (labels, *scores.values()):  # two answers about one cohort must be about the same numbers
            held.flags.writeable = False
        lengths = {len(labels), *(len(c) for c in scores.values()), *(len(c) for c in self.slices.values())}
        if self.patients is not None:
            lengths.add(len(self.patients))
        if lengths != {len(self.cases)}:
            raise ValueError("every column needs one value a case")
        if self.cases.repeats() if isinstance(self.cases, Names) else len(set(self.cases)) != len(self.cases):
            raise ValueError("each case may appear once")
        if any(np.isnan(column).any() for column in scores.values()):
            raise ValueError("a score is missing; resolve_missing says what that means")
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "scores", MappingProxyType(scores))
        object.__setattr__(self, "slices", MappingProxyType(dict(self.slices)))

    @property
    def n(self) -> int:
        """Cases."""
        return len(self.cases)

    @property
    def positives(self) -> int:
        """Cases with the finding."""
        return int(self.labels.sum())

    @property
    def negatives(self) -> int:
        """Cases without it."""
        return self.n - self.positives

    @property
    def prevalence(self) -> float | None:
        """Share of positives; None without cases."""
        return self.positives / self.n if self.n else None

    @property
    def clusters(self) -> IntArray | None:
        """The patient of each case as a number, (n,), in order of first appearance; None unless a patient repeats."""
        if self.patients is None or len(set(self.patients)) == self.n:
            return None
        return codes_of(self.patients)

    def take(self, keep: ArrayLike) -> Self:
        """The cases that a mask (n,) or row numbers name, in that order."""
        rows = np.arange(self.n)[np.asarray(keep)]
        return type(self)(
            self.cases.take(rows) if isinstance(self.cases, Names) else tuple(self.cases[i] for i in rows),
            self.labels[rows],
            {name: column[rows] for name, column in self.scores.items()},
            None if self.patients is None else tuple(self.patients[i] for i in rows),
            {name: tuple(column[i] for i in rows) for name, column in self.slices.items()},
        )

    def by_patient(self) -> Self:
        """One row a patient: the largest score of each model and the largest label; the ids are the patients'.

        Slices are left out: one patient may lie in several.
        """
        if self.patients is None:
            return self
        codes = codes_of(self.patients)
        names = tuple(dict.fromkeys(self.patients))
        scores = {name: largest(column, codes) for name, column in self.scores.items()}
        return type(self)(names, largest(self.labels, codes).astype(bool), scores, names)

    def notes(self) -> tuple[Note, ...]:
        """What a reader must know about the cases before any figure: `single_class`, `few_cases`."""
        if not self.positives or not self.negatives:
            only = "positive" if self.positives else "negative"
            text = f"All {self.n} cases are {only}. Whatever needs both classes is left empty."
            return (Note("single_class", text),)
        if few_cases(self.positives, self.negatives):
            return (Note("few_cases", few_cases_text(self.positives, self.negatives)),)
        return ()


def few_cases(positives: int, negatives: int) -> bool:
    """Whether either class is below ten."""
    return min(positives, negatives) < FEW_CASES


def few_cases_text(positives: int, negatives: int) -> str:
    """The sentence of that warning."""
    return (
        f"There are {positives} positives and {negatives} negatives. Below {FEW_CASES} of either, "
        "resampled intervals are left empty."
    )


def in_unit_range(scores: ArrayLike) -> bool:
    """Whether every score lies in 0..1, as calibration, Brier score and net benefit need."""
    column = np.asarray(scores, np.float64)
    return bool(((column >= 0) & (column <= 1)).all())


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """Scores after a decision about missing ones. kept : (n,) of the cases given. scores : model to (kept cases,).

    missing : model to the number of its missing scores, before the decision.
    """

    kept: BoolArray
    scores: dict[str, FloatArray]
    missing: dict[str, int]


def resolve_missing(labels: ArrayLike, scores: Mapping[str, ArrayLike], rule: Missing) -> Resolved:
    """What a missing score (NaN) counts as. Nothing is ever imputed.

    Parameters
    ----------
    labels : (n,), true for a positive. scores : model to (n,), NaN where missing.

    Raises
    ------
    ValueError : a score is missing and the rule is `refuse`.
    """
    positive = np.asarray(labels, bool)
    columns = {name: np.array(column, np.float64) for name, column in scores.items()}
    holes = {name: np.isnan(column) for name, column in columns.items()}
    missing = {name: int(hole.sum()) for name, hole in holes.items()}
    kept = np.ones(len(positive), bool)
    if rule is Missing.REFUSE and any(missing.values()):
        raise ValueError("a score is missing")
    if rule is Missing.DROP:
        for hole in holes.values():
            kept &= ~hole
    elif rule in (Missing.WORST, Missing.BEST):
        low_for = positive if rule is Missing.WORST else ~positive
        for name, hole in holes.items():
            columns[name][hole] = np.where(low_for[hole], -np.inf, np.inf)
    return Resolved(kept, {name: column[kept] for name, column in columns.items()}, missing)


def codes_of(ids: ArrayLike) -> IntArray:
    """Each id as a number from 0 in order of first appearance; (n,)."""
    _, first, inverse = np.unique(np.asarray(ids), return_index=True, return_inverse=True)
    codes: IntArray = np.argsort(np.argsort(first))[inverse.ravel()].astype(np.int64)
    return codes


def largest(values: ArrayLike, codes: IntArray) -> FloatArray:
    """The largest value of each code; (codes,)."""
    column = np.asarray(values, np.float64)
    top = np.full(int(codes.max()) + 1 if len(codes) else 0, -np.inf)
    np.maximum.at(top, codes, column)
    return top
