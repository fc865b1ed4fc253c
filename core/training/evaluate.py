"""The figures of a card: a saved checkpoint asked about cases that it was not taught, through the app's own predictor.

Owns scoring the splits, one score a patient, the operating points and the figures with k, n and interval.
The statistics themselves are `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inference.predictor import Predictor
from core.metrics import OperatingPoint, auc, count_at, default_points, dice, wilson
from core.models.card import Metric
from core.models.model import Model
from core.training.dataset import Folder, Row

Progress = Callable[[float, str], None]

RESAMPLES = 2000
"""Of a bootstrap; its ends then move by about 0.002 from seed to seed."""

CHANCE = 0.5
"""The area under the curve of a coin."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A split's films with the finding's score each: (n,) scores, (n,) hashes of the files read."""

    rows: tuple[Row, ...]
    scores: NDArray[np.float64]
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A split's volumes with their overlap: (n, labels) Dice, NaN where both masks are empty; (n,) hashes."""

    rows: tuple[Row, ...]
    dice: NDArray[np.float64]
    hashes: tuple[str, ...]


def score_films(
    model: Model, finding: str, folder: Folder, rows: Sequence[Row], progress: Progress | None = None
) -> Scored:
    """The score of `finding` for each row, as a user of the app would get it."""
    predictor = Predictor(model)
    scores, hashes = [], []
    for done, row in enumerate(rows):
        prediction = predictor.predict(folder.study(row.image))
        scores.append(prediction.scores[finding])
        hashes.append(prediction.input_sha256)
        _tell(progress, done + 1, len(rows))
    return Scored(tuple(rows), np.array(scores, np.float64), tuple(hashes))


def draw_volumes(model: Model, folder: Folder, rows: Sequence[Row], progress: Progress | None = None) -> Drawn:
    """The Dice of each label for each row, on the volume's own grid, as a user of the app would get it."""
    predictor = Predictor(model)
    overlaps, hashes = [], []
    for done, row in enumerate(rows):
        prediction = predictor.predict(folder.study(row.image))
        if prediction.label_map is None:
            raise TypeError(f"{model.id} draws no label map")
        reference = np.rint(folder.study(row.label).pixels[0])
        each = [dice(reference == n, prediction.label_map == n) for n in range(1, len(model.labels) + 1)]
        overlaps.append([np.nan if value is None else value for value in each])
        hashes.append(prediction.input_sha256)
        _tell(progress, done + 1, len(rows))
    return Drawn(tuple(rows), np.array(overlaps, np.float64), tuple(hashes))


def _tell(progress: Progress | None, done: int, of: int) -> None:
    if progress is not None:
        progress(done / of, f"Measured {done} of {of} cases")


def by_patient(scored: Scored, finding: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One score and one label a patient, the largest of each: (patients,) both, in order of first appearance."""
    scores: dict[str, float] = {}
    labels: dict[str, bool] = {}
    for row, score in zip(scored.rows, scored.scores, strict=True):
        scores[row.patient] = max(scores.get(row.patient, -np.inf), float(score))
        labels[row.patient] = labels.get(row.patient, False) or row.label == finding
    return np.array(list(scores.values())), np.array(list(labels.values()), bool)


def choose_points(scored: Scored, finding: str, *, title: str, split: str) -> tuple[OperatingPoint, ...]:
    """The points that a cohort offers by the rules of `core.metrics`, each patient counted once."""
    scores, labels = by_patient(scored, finding)
    cohort = f"{title}, {split}: {int(labels.sum())} patients with {finding}, {int((~labels).sum())} without"
    return default_points(scores, labels, finding=finding, cohort=cohort, chosen_on=split, unit="patient")


def classification_metrics(
    scored: Scored, finding: str, points: Sequence[OperatingPoint], split: str
) -> tuple[Metric, ...]:
    """AUC by patient and by film, and both rates at every saved point by patient."""
    scores, labels = by_patient(scored, finding)
    area = auc(scores, labels)
    films = auc(scored.scores, [row.label == finding for row in scored.rows])
    found = []
    if area.value is not None and films.value is not None:
        found.append(
            Metric(
                name="auc",
                value=area.value,
                lo=area.lo,
                hi=area.hi,
                method=area.method,
                n=len(scores),
                split=split,
                unit="patient",
            )
        )
        without = "no interval: several films are of one patient"
        found.append(
            Metric(name="auc", value=films.value, method=without, n=len(scored.rows), split=split, unit="film")
        )
    for point in points:
        at = count_at(scores, labels, point.threshold)
        for name, k, n in (("sensitivity", at.tp, at.tp + at.fn), ("specificity", at.tn, at.tn + at.fp)):
            rate = wilson(k, n)
            if rate.value is not None:
                found.append(
                    Metric(
                        name=f"{name} at {point.name}",
                        value=rate.value,
                        lo=rate.lo,
                        hi=rate.hi,
                        method=rate.method,
                        k=k,
                        n=n,
                        split=split,
                        unit="patient",
                    )
                )
    return tuple(found)


def segmentation_metrics(drawn: Drawn, labels: Sequence[str], split: str, seed: int = 0) -> tuple[Metric, ...]:
    """Per label the mean Dice with a bootstrap over patients, and the lowest and highest case."""
    patients = [row.patient for row in drawn.rows]
    found = []
    for label, values in zip(labels, drawn.dice.T, strict=True):
        used = ~np.isnan(values)
        if not used.any():
            continue
        mean, lo, hi = mean_over_patients(values[used], [p for p, u in zip(patients, used, strict=True) if u], seed)
        n, people = int(used.sum()), len({p for p, u in zip(patients, used, strict=True) if u})
        method = f"percentile bootstrap over {people} patients, {RESAMPLES} resamples, seed {seed}"
        found += [
            Metric(name=f"dice {label}", value=mean, lo=lo, hi=hi, method=method, n=n, split=split),
            Metric(name=f"lowest dice {label}", value=float(values[used].min()), n=n, split=split),
            Metric(name=f"highest dice {label}", value=float(values[used].max()), n=n, split=split),
        ]
    return tuple(found)


def mean_over_patients(
    values: NDArray[np.float64], patients: Sequence[str], seed: int
) -> tuple[float, float | None, float | None]:
    """The mean over cases and its 95 % interval, patients drawn whole with replacement; None below two patients."""
    names, at = np.unique(np.array(patients), return_inverse=True)
    mean = float(values.mean())
    if len(names) < 2:
        return mean, None, None
    sums, counts = np.bincount(at, values), np.bincount(at)
    draws = np.random.default_rng(seed).integers(0, len(names), (RESAMPLES, len(names)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    lo, hi = np.quantile(means, [0.025, 0.975])
    return mean, float(lo), float(hi)


def external_sentence(metrics: Sequence[Metric], split: str) -> str | None:
    """In words what another population gave, for the card's limits; None where there is no area."""
    for metric in metrics:
        if metric.name == "auc" and metric.unit == "patient" and metric.split == split and metric.lo is not None:
            chance = ": not shown to be better than chance" if metric.lo <= CHANCE else ""
            return (
                f"On {split} (another population) the area under the curve is {metric.value:.2f} "
                f"({metric.lo:.2f} to {metric.hi:.2f}, {metric.n} patients){chance}."
            )
    return None


def promise_sentence(point: OperatingPoint, metrics: Mapping[str, Sequence[Metric]]) -> str | None:
    """In words what a guaranteed point promised and what it reached on each split; None for a point without promise."""
    if not point.guaranteed or point.target is None or point.confidence is None:
        return None
    rate = point.rule.value.partition("_")[0]
    reached = []
    for split, figures in metrics.items():
        for metric in figures:
            if metric.name == f"{rate} at {point.name}":
                verdict = "kept" if metric.value >= point.target else "missed"
                reached.append(f"{split} {metric.k} of {metric.n} ({metric.value:.1%}, {verdict})")
    promise = f"'{point.name}' promises {rate} of at least {point.target:.0%} for new patients drawn like its cohort"
    return f"{promise}, with {point.confidence:.0%} confidence. Reached: {'; '.join(reached)}." if reached else None
