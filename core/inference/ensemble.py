"""Several models as one: their answers joined on the study's own grid.

Owns the rules. `mean` and `weighted` average probabilities; with `vote` each member calls one class,
or each class that it scores at one half or more where classes are independent, and one label a
voxel, and a score is the share of members that called it. Each member is asked by the caller's
function, one after the other, so that one answer is held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError
from core.inference.answer import Answer
from core.inference.gate import Familiarity
from core.inference.heat import heat_on_study
from core.inference.postprocess import MASK_THRESHOLD, decide, each_on_study_grid, foreground, in_steps, label_map
from core.inference.prediction import SliceScores
from core.metrics.counts import is_positive
from core.models.model import EnsembleRule, Model

Float = NDArray[np.float32]
Ask = Callable[[Model, int], Answer]
"""Asks one member: the model and its number."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """An answer on the study's own grid: scores, labels and a heat map of 0..1 by its peak; of one model its slices.

    familiarity : of several models, of that which finds the study strangest. foreground : the probability of any
    label, in steps.
    """

    scores: Mapping[str, float]
    label_map: NDArray[np.uint8] | None
    heat: Float | None
    engine: Mapping[str, Any]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    familiarity: Familiarity | None
    slices: SliceScores | None = None
    foreground: NDArray[np.uint8] | None = None


def outcome_of(answer: Answer, model: Model, threshold: float) -> Outcome:
    """One model's answer on the study's own grid; `threshold` is that of a label with a sigmoid."""
    labels = any_label = None
    if answer.segmentation is not None:
        activation = model.config.segmentation_activation
        labels = label_map(answer.segmentation, answer.prepared, activation, threshold)
        any_label = foreground(answer.segmentation, answer.prepared, activation)
    heat = None if answer.heat is None else heat_on_study(answer.heat, answer.prepared)
    return Outcome(
        answer.scores, labels, heat, answer.engine, answer.seconds, answer.notes, answer.familiarity, answer.slices,
        any_label,
    )  # fmt: skip


def join(model: Model, ask: Ask, threshold: float) -> Outcome:
    """The ensemble's answer, its members asked in order.

    Raises
    ------
    ConfigError : the members do not answer with the same classes and labels.
    """
    _require_alike(model)
    shares = _shares(model)
    scores = dict.fromkeys(model.members[0].model.classes, 0.0)
    tally, heat = _Tally(model), None
    seconds: dict[str, float] = {}
    notes: list[str] = []
    engine: Mapping[str, Any] = {}
    near: list[Familiarity] = []
    for number, (member, share) in enumerate(zip(model.members, shares, strict=True)):
        answer = ask(member.model, number)
        said = _calls(answer.scores, member.model) if model.rule is EnsembleRule.VOTE else answer.scores
        for name, value in said.items():
            scores[name] += share * value
        tally.add(answer, member.model, share, threshold)
        if answer.heat is not None:
            mine = heat_on_study(answer.heat, answer.prepared) * np.float32(share)
            heat = mine if heat is None else heat + mine
        for stage, spent in answer.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        near += [answer.familiarity] if answer.familiarity else []
        notes += [note for note in answer.notes if note not in notes]
        engine = answer.engine
    peak = 0.0 if heat is None else float(heat.max())
    if heat is not None and peak > 0:
        heat = heat / np.float32(peak)
    strangest = max(near, key=lambda one: one.score / one.cut_off, default=None)
    labels, any_label = tally.labels(threshold), tally.foreground()
    return Outcome(scores, labels, heat, engine, seconds, tuple(notes), strangest, foreground=any_label)


def _shares(model: Model) -> tuple[float, ...]:
    if model.rule is EnsembleRule.WEIGHTED:
        total = sum(member.weight for member in model.members)
        return tuple(member.weight / total for member in model.members)
    return (1 / len(model.members),) * len(model.members)


def _calls(scores: Mapping[str, float], model: Model) -> dict[str, float]:
    """1 for each class that a member calls, 0 for the others."""
    if model.config.activation == "softmax" and len(scores) > 1:
        top = max(scores, key=lambda name: scores[name])
        return {name: float(name == top) for name in scores}
    return {name: float(is_positive(value, MASK_THRESHOLD)) for name, value in scores.items()}


class _Tally:
    """What the members say of each voxel, summed by their shares: probabilities, or votes."""

    def __init__(self, model: Model) -> None:
        self.votes = model.rule is EnsembleRule.VOTE
        self.activation = model.members[0].model.config.segmentation_activation
        self.sums: list[Float] = []

    def add(self, answer: Answer, model: Model, share: float, threshold: float) -> None:
        if answer.segmentation is None:
            return
        if self.votes:
            labels = label_map(answer.segmentation, answer.prepared, self.activation, threshold)
            maps = ((labels == value).astype(np.float32) for value in range(len(model.labels) + 1))
        else:
            maps = (m for m in each_on_study_grid(answer.segmentation, answer.prepared, self.activation))
        for i, said in enumerate(maps):
            if i == len(self.sums):
                self.sums.append(np.zeros(said.shape, np.float32))
            self.sums[i] += said * np.float32(share)

    def foreground(self) -> NDArray[np.uint8] | None:
        """The probability of any label, or the share of members that called one, in steps."""
        if not self.sums:
            return None
        softmax = self.votes or self.activation == "softmax"
        return in_steps(sum(self.sums[2:], self.sums[1]) if softmax else np.max(self.sums, axis=0))

    def labels(self, threshold: float) -> NDArray[np.uint8] | None:
        if not self.sums:
            return None
        return decide(self.sums, "softmax" if self.votes else self.activation, threshold)


def _require_alike(model: Model) -> None:
    first = model.members[0].model
    for member in (m.model for m in model.members):
        same = (member.classes, member.labels) == (first.classes, first.labels)
        if not same or member.config.segmentation_activation != first.config.segmentation_activation:
            raise ConfigError(
                found=f"{member.id} answers with {', '.join((*member.classes, *member.labels))}, "
                f"{first.id} with {', '.join((*first.classes, *first.labels))}.",
                why="Answers to different questions cannot be averaged.",
                do="Put only models with the same classes and labels into one ensemble.",
            )
