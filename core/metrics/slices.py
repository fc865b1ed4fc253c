"""The same figures for subgroups, at the threshold of the whole: never chosen again, never tested unasked.

Owns the rows of the subgroup table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import Cohort, few_cases
from core.metrics.counts import count_at, figures, is_positive
from core.metrics.curves import auc
from core.metrics.intervals import Estimate
from core.metrics.paired import holm


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One value of one subgroup column. few_cases : a class is below ten, so read it with care."""

    column: str
    value: str
    cases: int
    positives: int
    negatives: int
    few_cases: bool
    sensitivity: Estimate
    specificity: Estimate
    auc: Estimate


def slice_figures(cohort: Cohort, model: str, threshold: float, *, cluster: bool = True) -> tuple[SliceRow, ...]:
    """A row for every value of every subgroup column, sorted by column and value.

    cluster : count patients where they repeat, as for the whole.
    """
    clusters = cohort.clusters if cluster else None
    rows = []
    for column in sorted(cohort.slices):
        held = np.array(cohort.slices[column])
        for value in np.unique(held):
            here = held == value
            scores, labels = cohort.scores[model][here], cohort.labels[here]
            patients = None if clusters is None else clusters[here]
            made = figures(count_at(scores, labels, threshold))
            if patients is not None:
                right = is_positive(scores, threshold) == labels
                sides = {"sensitivity": labels, "specificity": ~labels}
                made |= {n: cluster_proportion(right[s], patients[s]) for n, s in sides.items() if s.any()}
            p = int(labels.sum())
            n = len(labels) - p
            area = auc(scores, labels, clusters=patients)
            rows.append(
                SliceRow(
                    column, str(value), p + n, p, n, few_cases(p, n), made["sensitivity"], made["specificity"], area
                )
            )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class SliceTest:
    """Whether the areas of two values of one column differ; p_holm runs over the pairs of that column."""

    column: str
    a: str
    b: str
    difference: float
    p: float
    p_holm: float | None = None


def slice_tests(rows: Sequence[SliceRow]) -> tuple[SliceTest, ...]:
    """Pairwise z tests of the areas of different cases, only when asked; slices without a standard error are left out.

    References
    ----------
    Hanley and McNeil 1982, for areas from different cases; Holm over the pairs of each column.
    """
    made: list[SliceTest] = []
    for column in sorted({row.column for row in rows}):
        held = [r for r in rows if r.column == column and r.auc.value is not None and r.auc.se]
        pairs = [(a, b) for i, a in enumerate(held) for b in held[i + 1 :]]
        tests = [_area_test(a, b) for a, b in pairs]
        adjusted = holm([t.p for t in tests])
        made += [replace(t, p_holm=p) for t, p in zip(tests, adjusted, strict=True)]
    return tuple(made)


def _area_test(a: SliceRow, b: SliceRow) -> SliceTest:
    if a.auc.value is None or b.auc.value is None or a.auc.se is None or b.auc.se is None:
        raise ValueError("an area without a standard error cannot be tested")
    difference = a.auc.value - b.auc.value
    p = float(2 * scipy.special.ndtr(-abs(difference) / np.hypot(a.auc.se, b.auc.se)))
    return SliceTest(a.column, a.value, b.value, difference, p)
