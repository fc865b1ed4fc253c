"""Does another form of a model answer like the model? Two engines on the same inputs, and in what they differ.

Owns the comparison and the limits of it: raw outputs to the self-test's noise, then scores, decisions and labels of
whole studies. What becomes of a model that fails is its caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.engine import Engine
from core.inference.answer import Answer, ask_engine
from core.inference.ensemble import outcome_of
from core.inference.postprocess import MASK_THRESHOLD
from core.metrics.counts import is_positive
from core.metrics.operating_points import OperatingPoint
from core.models.exporting import noise
from core.models.model import Model
from core.models.self_test import TOLERANCE
from core.studies.study import Study

BATCHES = (1, 3)
"""Sizes of batch that the self-test's noise is repeated to: a file that only takes the batch it was made with fails."""

LEAST_DICE = 0.999
"""Of every label: voxels that lie on the cut-off may fall to either side, regions may not."""

MAX_SCORE_DIFFERENCE = 1e-4
"""Of a probability: far below the last digit that is shown."""


MAX_HEAT_DIFFERENCE = 1e-3
"""Of a heat map of 0..1."""


@dataclass(frozen=True, slots=True)
class CaseParity:
    """One input. logits : largest difference of raw outputs, and their largest value. scores : largest difference.

    decisions : how many, and how many changed. dice : the lowest over labels; None where no label is there in either.
    heat : of a map of 0..1, where both make one. changed_at : the points, as 'finding: name'.
    """

    name: str
    logits: float
    largest: float
    scores: float | None = None
    decisions: int = 0
    changed: int = 0
    dice: float | None = None
    heat: float | None = None
    changed_at: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the differences are within the limits; NaN is not."""
        near = self.logits <= TOLERANCE * max(1.0, self.largest)
        alike = self.scores is None or self.scores <= MAX_SCORE_DIFFERENCE
        drawn = self.dice is None or self.dice >= LEAST_DICE
        explained = self.heat is None or self.heat <= MAX_HEAT_DIFFERENCE
        return near and alike and not self.changed and drawn and explained


@dataclass(frozen=True, slots=True)
class Parity:
    """All the inputs, the self-test's first."""

    cases: tuple[CaseParity, ...]

    @property
    def holds(self) -> bool:
        """Whether every input's differences are within the limits."""
        return all(case.holds for case in self.cases)

    @property
    def worst(self) -> CaseParity:
        """The input with the largest difference of raw outputs, relative to their size."""
        return max(self.cases, key=lambda case: (not case.holds, case.logits / max(1.0, case.largest)))


def measure_parity(model: Model, one: Engine, other: Engine, studies: Iterable[tuple[str, Study]]) -> Parity:
    """Both engines on the self-test's noise, alone and in a batch, and on the studies, by name.

    Raises
    ------
    InferenceError : an engine answers with values that are no numbers.
    """
    cases = [_on_probe(model, one, other, batch) for batch in BATCHES]
    for name, study in studies:
        cases.append(_on_study(name, model, ask_engine(one, study, model), ask_engine(other, study, model)))
    return Parity(tuple(cases))


def _on_probe(model: Model, one: Engine, other: Engine, batch: int) -> CaseParity:
    fed = noise(model, batch)
    logits, largest = _apart(one.run(fed), other.run(fed))
    return CaseParity(f"self-test noise, {' × '.join(map(str, fed.shape))}", logits, largest)


def _on_study(name: str, model: Model, a: Answer, b: Answer) -> CaseParity:
    raw = [{} if x.segmentation is None else {"segmentation": x.segmentation} for x in (a, b)]
    logits, largest = _apart(*raw)
    decisions, changed_at = _decisions(model, a.scores, b.scores)
    labels = [outcome_of(x, model, MASK_THRESHOLD).label_map for x in (a, b)]
    dice = None if labels[0] is None or labels[1] is None else lowest_dice(labels[0], labels[1])
    scores = max((abs(a.scores[n] - b.scores[n]) for n in a.scores), default=None)
    heat = None if a.heat is None or b.heat is None else _heat_apart(a.heat, b.heat)
    return CaseParity(name, logits, largest, scores, decisions, len(changed_at), dice, heat, changed_at)


def _heat_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest difference of two maps, each by its own peak."""
    return float(np.abs(_by_peak(one) - _by_peak(other)).max())


def _by_peak(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(heat.max())
    return heat / np.float32(peak) if peak > 0 else heat


def _apart(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> tuple[float, float]:
    """The largest difference, infinite where names or shapes differ, and the largest value."""
    if one.keys() != other.keys() or any(one[n].shape != other[n].shape for n in one):
        return float("inf"), 0.0
    largest = max((float(np.abs(one[n]).max(initial=0)) for n in one), default=0.0)
    return max((float(np.abs(one[n] - other[n]).max(initial=0)) for n in one), default=0.0), largest


def point_name(point: OperatingPoint) -> str:
    """A point's name that no other point of the model has."""
    return f"{point.finding}: {point.name}"


def _decisions(model: Model, a: Mapping[str, float], b: Mapping[str, float]) -> tuple[int, tuple[str, ...]]:
    """How many decisions there are, and which differ: at each saved point, else which class is highest."""
    if not a:
        return 0, ()
    points = [p for p in model.operating_points if p.weights_sha256 == model.weights_sha256 and p.finding in a]
    if not points:
        same = max(a, key=lambda n: a[n]) == max(b, key=lambda n: b[n])
        return 1, () if same else ("highest class",)
    changed = (p for p in points if _called(a, p) != _called(b, p))
    return len(points), tuple(point_name(p) for p in changed)


def _called(scores: Mapping[str, float], point: OperatingPoint) -> bool:
    return bool(is_positive(np.array(scores[point.finding]), point.threshold))


def lowest_dice(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float | None:
    """The lowest Dice over the labels that either map holds; None where both are empty."""
    labels = np.union1d(np.unique(one), np.unique(other))
    found = [
        2 * np.count_nonzero((one == n) & (other == n)) / (np.count_nonzero(one == n) + np.count_nonzero(other == n))
        for n in labels[labels > 0]
    ]
    return float(min(found)) if found else None
