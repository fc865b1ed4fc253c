"""The figures of a card about films: one score a patient, rates at the saved points, calibration, subgroups.

Owns which figures there are and of which unit. Asking the model is `asking`'s, the statistics `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.metrics.bootstrap import Resampler
from core.metrics.calibration import calibrate
from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import FEW_CASES
from core.metrics.counts import count_at
from core.metrics.curves import auc
from core.metrics.evaluate import brier_estimate
from core.metrics.intervals import wilson
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.rules import choose_guarantee, choose_youden
from core.models.card import Metric
from core.training.asking import Asked, Scored
from core.training.figures import Where, metric, plain_figure

SCREENING, BALANCED, CONFIRMATORY = "screening", "balanced", "confirmatory"
"""The three points of a classifier; where nobody chooses, the first that its cohort could give is in force."""

SCREENING_SENSITIVITY = 0.95
"""Promised at the screening point, with 95 % confidence: 59 positive patients can carry it."""

CONFIRMATORY_SPECIFICITY = 0.90
"""Promised at the confirmatory point: 29 negative patients can carry it, 95 % would need 59."""

FLAGGED = "flagged as unfamiliar"
"""The figure of the gate."""

BINS_SAID = "10 equal-mass bins; biased upward in small cohorts; no interval"


def by_patient(scored: Scored, finding: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One score and one label a patient, the largest of each: (patients,) both, in order of first appearance."""
    scores: dict[str, float] = {}
    labels: dict[str, bool] = {}
    for row, score in zip(scored.rows, scored.scores, strict=True):
        scores[row.patient] = max(scores.get(row.patient, -np.inf), float(score))
        labels[row.patient] = labels.get(row.patient, False) or row.label == finding
    return np.array(list(scores.values())), np.array(list(labels.values()), bool)


def choose_points(scored: Scored, finding: str, *, title: str, split: str) -> tuple[OperatingPoint, ...]:
    """The three points, of patients, from the one split that may choose; a promise it cannot carry is left out."""
    scores, labels = by_patient(scored, finding)
    cohort = f"{title}, {split}: {int(labels.sum())} patients with {finding}, {int((~labels).sum())} without"
    units = np.arange(len(scores))  # the unit is the patient, who has one score already
    chosen = {
        SCREENING: choose_guarantee(
            scores, labels, "sensitivity", SCREENING_SENSITIVITY, clusters=units, chosen_on=split
        ),
        BALANCED: choose_youden(scores, labels, clusters=units, chosen_on=split),
        CONFIRMATORY: choose_guarantee(
            scores, labels, "specificity", CONFIRMATORY_SPECIFICITY, clusters=units, chosen_on=split
        ),
    }
    return tuple(
        found.to_point(name, finding, cohort)
        for name, found in chosen.items()
        if found.threshold is not None and found.threshold < np.inf
    )


def film_figures(
    scored: Scored,
    finding: str,
    points: Sequence[OperatingPoint],
    split: str,
    subgroups: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    bins: bool = True,
) -> tuple[Metric, ...]:
    """Everything that the card says of one split.

    subgroups : name to (n,) films; their areas, and their rates at every point, at the same thresholds.
    bins : with those of the reliability diagram.
    """
    where = Where(split, "patient")
    found = [*area_figures(scored, finding, where), *rate_figures(scored, finding, points, where)]
    found += calibration_figures(scored, finding, where.of("film"), bins=bins)
    found += familiarity_figures(scored, where.of("film"))
    for name, chosen in (subgroups or {}).items():
        found += subgroup_figures(scored.where(chosen), finding, points, Where(split, "patient", name))
    return (*found, *time_figures(scored, where.of("s")))


def subgroup_figures(scored: Scored, finding: str, points: Sequence[OperatingPoint], where: Where) -> list[Metric]:
    """The area and the rates of a part of a split; what rests on fewer than ten patients of a class is left out."""
    labels = by_patient(scored, finding)[1]
    enough = min(int(labels.sum()), int((~labels).sum())) >= FEW_CASES
    area = area_figures(scored, finding, where)[:1] if enough else []
    return area + [m for m in rate_figures(scored, finding, points, where) if (m.n or 0) >= FEW_CASES]


def area_figures(scored: Scored, finding: str, where: Where) -> list[Metric]:
    """The area under the curve by patient, and by film with patients as the unit of chance; none of one class."""
    scores, labels = by_patient(scored, finding)
    films, positive = scored.scores, scored.positive(finding)
    if labels.all() or not labels.any():
        return []
    area = auc(films, positive, clusters=np.array(scored.patients))
    return [
        *metric("auc", auc(scores, labels), where, len(scores)),
        *metric("auc", area, where.of("film"), len(films)),
    ]


def rate_figures(scored: Scored, finding: str, points: Sequence[OperatingPoint], where: Where) -> list[Metric]:
    """Sensitivity and specificity at every point, by patient, with Wilson's intervals."""
    scores, labels = by_patient(scored, finding)
    found = []
    for point in points:
        at = count_at(scores, labels, point.threshold)
        found += metric(f"sensitivity at {point.name}", wilson(at.tp, at.positives), where)
        found += metric(f"specificity at {point.name}", wilson(at.tn, at.negatives), where)
    return found


def calibration_figures(scored: Scored, finding: str, where: Where, *, bins: bool) -> list[Metric]:
    """Brier score, expected calibration error, the intercept and slope that would mend it, and the bins, of films."""
    scores, labels = scored.scores, scored.positive(finding)
    if labels.all() or not labels.any():
        return []
    n, made = len(scores), calibrate(scores, labels)
    resampler = Resampler(labels, np.array(scored.patients))
    found = metric("brier", brier_estimate(scores, labels, resampler), where, n)
    found.append(plain_figure("expected calibration error", made.ece, where, n, BINS_SAID))
    found += metric("calibration intercept", made.intercept, where, n)
    found += metric("calibration slope", made.slope, where, n)
    for held in made.bins if bins else ():
        name = f"bin {held.bin + 1}"
        found.append(plain_figure(f"{name}: mean score", held.mean_score, where, held.cases))
        found += metric(f"{name}: share with {finding}", held.observed, where)
    return found


def familiarity_figures(asked: Asked, where: Where) -> list[Metric]:
    """Of how many cases the gate says that they look like nothing that was taught; none without a gate."""
    flagged = [near.flagged for near in asked.familiar if near is not None]
    if not flagged or len(flagged) < len(asked.rows):
        return []
    return metric(FLAGGED, cluster_proportion(flagged, np.array(asked.patients)), where)


def time_figures(asked: Asked, where: Where) -> list[Metric]:
    """The median seconds a case takes, without loading the weights, on the machine that measured."""
    if not asked.seconds:
        return []
    said = "median, without loading; no interval: another machine gives another figure"
    return [plain_figure("seconds a case", round(float(np.median(asked.seconds)), 3), where, len(asked.rows), said)]


def is_promise(point: OperatingPoint) -> bool:
    """Whether a point promises a rate."""
    return point.guaranteed and point.rule in (Rule.SENSITIVITY_GUARANTEE, Rule.SPECIFICITY_GUARANTEE)
