"""What a checkpoint can do, split by split: calibrated and given its points where that may be chosen, then measured.

Owns the order. First what the splits that may choose decide (gate, temperature, operating points), then every
reported split once, by the model as it will be shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.metrics.operating_points import OperatingPoint
from core.models.architectures import Task
from core.models.card import Metric
from core.models.gate import Gate
from core.models.model import Model
from core.training.asking import Asked, draw_volumes, score_films
from core.training.calibrating import as_fact, temperature_of
from core.training.dataset import Folder, Row, in_groups, split_facts
from core.training.evaluate import FLAGGED, choose_points, film_figures
from core.training.familiar import make_gate, notice_strange
from core.training.journal import Journal
from core.training.recipe import Data
from core.training.strange import read_subgroups, subgroups_of
from core.training.volumes import volume_figures

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the draft gave: what was chosen, figures by split, and the facts of the splits that were read."""

    temperature: float = 1.0
    gate: Gate | None = None
    points: tuple[OperatingPoint, ...] = ()
    metrics: dict[str, tuple[Metric, ...]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured on: the recipe's data, its folder and rows; where it is noted, and who is told."""

    data: Data
    finding: str | None
    folder: Folder
    rows: tuple[Row, ...]
    journal: Journal = field(default_factory=Journal)
    progress: Progress | None = None

    def split(self, name: str) -> tuple[Row, ...]:
        """The rows of a split."""
        return in_groups(self.rows, [name])

    def told(self, low: float, high: float) -> Progress | None:
        """The progress of a part of the work."""
        told = self.progress
        return None if told is None else lambda share, said: told(low + share * (high - low), said)


def measure(draft: Model, work: Work) -> Measured:
    """Temperature, gate and operating points from the splits that may choose, then the figures of the reported ones.

    An ensemble keeps the temperatures and gates of its members.
    """
    made = Measured()
    if not draft.members:
        gate = make_gate(draft.input, work.data, work.folder, work.rows, work.told(0.0, 0.2))
        made = replace(made, gate=gate)
    model = replace(draft, gate=made.gate) if made.gate is not None else draft
    if draft.task is Task.CLASSIFICATION and work.data.chosen_on is not None:
        made = _chosen(model, made, work, work.data.chosen_on)
        model = replace(model, temperature=made.temperature)
    splits = (*work.data.report, *work.data.external)
    metrics, facts = {}, dict(made.facts)
    for number, split in enumerate(splits):
        told = work.told(0.3 + 0.6 * number / len(splits), 0.3 + 0.6 * (number + 1) / len(splits))
        asked, figures = measure_split(model, made.points, work, split, told)
        facts[f"split {split}, measured"] = split_facts(asked.rows, asked.hashes)
        metrics[split] = figures
    for table in work.data.ood:
        figures = notice_strange(model, work.folder, table, work.told(0.9, 1.0))
        if figures:
            metrics[table.csv.removesuffix(".csv")] = figures
    if work.progress is not None:
        work.progress(1.0, "Measured")
    return replace(made, metrics=metrics, facts=facts)


def _chosen(model: Model, made: Measured, work: Work, split: str) -> Measured:
    """With the temperature of a split, and points chosen there of the scores at that temperature."""
    finding, rows = work.finding or "", work.split(split)
    facts = {}
    if not model.members:
        plain = score_films(model, finding, work.folder, rows, work.told(0.2, 0.25), work.journal)
        fitted = temperature_of(plain, finding)
        made = replace(made, temperature=fitted.value or 1.0)
        facts["temperature"] = as_fact(fitted, split)
    scored = score_films(
        replace(model, temperature=made.temperature), finding, work.folder, rows, work.told(0.25, 0.3), work.journal
    )
    facts[f"split {split}, chose"] = split_facts(scored.rows, scored.hashes)
    points = choose_points(scored, finding, title=work.data.title, split=split)
    return replace(made, points=points, facts=facts)


def measure_split(
    model: Model, points: Sequence[OperatingPoint], work: Work, split: str, told: Progress | None = None
) -> tuple[Asked, tuple[Metric, ...]]:
    """What the model answered to the cases of one split, and the card's figures of them."""
    rows, data = work.split(split), work.data
    groups = subgroups_of(rows, read_subgroups(work.folder.root, data), work.finding)
    if model.task is Task.CLASSIFICATION:
        finding = work.finding or ""
        scored = score_films(model, finding, work.folder, rows, told, work.journal)
        figures = film_figures(scored, finding, points, split, groups, bins=split in data.report)
        return scored, _independent(figures, split, data)
    drawn = draw_volumes(model, work.folder, rows, told, work.journal)
    figures = volume_figures(drawn, split, groups, spacing_assumed=data.spacing_assumed)
    return drawn, _independent(figures, split, data)


def _independent(figures: tuple[Metric, ...], split: str, data: Data) -> tuple[Metric, ...]:
    """Without the share that the gate flags of the cases that set its cut-off, which proves nothing."""
    if split != data.gate_split:
        return figures
    return tuple(figure for figure in figures if figure.name != FLAGGED)
