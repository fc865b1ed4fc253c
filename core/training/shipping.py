"""From a trained network to a checkpoint that says what it can do: measured with the weights as stored.

Owns the order: round the weights, save a draft, ask the draft through the app's predictor, save again with
points and card. The weights of both files are the same bytes, so what was measured is what is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.metrics import OperatingPoint
from core.models.architectures import Task
from core.models.card import Card, Metric
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.model import Model
from core.training.dataset import Folder, Progress, Row, in_groups, split_facts, taught_facts
from core.training.evaluate import (
    choose_points,
    classification_metrics,
    draw_volumes,
    external_sentence,
    promise_sentence,
    score_films,
    segmentation_metrics,
)
from core.training.learned import Trained, as_stored, library_versions
from core.training.recipe import TrainConfig


@dataclass(frozen=True, slots=True)
class Measured:
    """What the draft gave: points, figures by split, and the facts of the splits that were read."""

    points: tuple[OperatingPoint, ...]
    metrics: dict[str, tuple[Metric, ...]]
    splits: dict[str, str]


def ship(
    trained: Trained,
    config: TrainConfig,
    folder: Folder,
    rows: Sequence[Row],
    out: Path,
    progress: Progress | None = None,
) -> Model:
    """Measure a trained network, write it with its card to `out`, and give the handle of what was written."""
    as_stored(trained.network, config)
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / f"{config.id}.safetensors"
        _save(trained, config, draft, Card(), ())
        measured = measure(read_model(draft), config, folder, rows, progress)
    card = make_card(config, trained, measured, taught_facts(folder, rows, config))
    _save(trained, config, out, card, measured.points)
    return read_model(out)


def _save(trained: Trained, config: TrainConfig, path: Path, card: Card, points: tuple[OperatingPoint, ...]) -> None:
    save_model_with_config(
        trained.network,
        path,
        config.model,
        epoch=len(trained.history),
        metrics={"loss": [epoch.loss for epoch in trained.history]},
        card=card,
        operating_points=points,
        stored=config.stored,
    )


def measure(
    model: Model, config: TrainConfig, folder: Folder, rows: Sequence[Row], progress: Progress | None = None
) -> Measured:
    """Operating points from the split that may choose, then the figures of every reported split."""
    return (_measure_films if config.model.task is Task.CLASSIFICATION else _measure_volumes)(
        model, config, folder, rows, progress
    )


def _measure_films(
    model: Model, config: TrainConfig, folder: Folder, rows: Sequence[Row], progress: Progress | None
) -> Measured:
    finding = config.finding or ""
    points: tuple[OperatingPoint, ...] = ()
    metrics: dict[str, tuple[Metric, ...]] = {}
    splits: dict[str, str] = {}
    chosen_on = [config.data.chosen_on] if config.data.chosen_on else []
    for split in (*chosen_on, *config.data.report, *config.data.external):
        scored = score_films(model, finding, folder, in_groups(rows, [split]), progress)
        splits[split] = split_facts(scored.rows, scored.hashes)
        if split == config.data.chosen_on:
            points = choose_points(scored, finding, title=config.data.title, split=split)
        metrics[split] = classification_metrics(scored, finding, points, split)
    for split in chosen_on:
        del metrics[split]  # the points were chosen there: their rates stand with them, and prove nothing
    return Measured(points, metrics, splits)


def _measure_volumes(
    model: Model, config: TrainConfig, folder: Folder, rows: Sequence[Row], progress: Progress | None
) -> Measured:
    metrics: dict[str, tuple[Metric, ...]] = {}
    splits: dict[str, str] = {}
    for split in (*config.data.report, *config.data.external):
        drawn = draw_volumes(model, folder, in_groups(rows, [split]), progress)
        splits[split] = split_facts(drawn.rows, drawn.hashes)
        metrics[split] = segmentation_metrics(drawn, model.labels, split)
    return Measured((), metrics, splits)


def make_card(config: TrainConfig, trained: Trained, measured: Measured, taught: dict[str, str]) -> Card:
    """The recipe's words, the measured figures, and sentences for what did not carry over."""
    said = [external_sentence(measured.metrics[split], split) for split in config.data.external]
    said += [promise_sentence(point, measured.metrics) for point in measured.points]
    text = config.card
    return Card(
        display_name=text.display_name,
        summary=text.summary,
        maturity="early",
        trained_on=text.trained_on,
        licence=text.licence,
        citations=text.citations,
        limits=(*text.limits, *(sentence for sentence in said if sentence is not None)),
        metrics=tuple(metric for figures in measured.metrics.values() for metric in figures),
        provenance={
            "data set": config.data.title,
            **{f"split {name}, taught": facts for name, facts in taught.items()},
            **{f"split {name}, measured": facts for name, facts in measured.splits.items()},
            "recipe": config.id.rpartition("_v")[0] + ".json",
            "recipe sha256": config.sha256,
            "seed": str(config.learning.seed),
            "steps": f"{trained.steps} of {config.learning.batch}, {len(trained.history)} epochs, "
            f"{trained.cases} cases taught",
            "duration": f"{trained.seconds / 60:.1f} minutes of learning, "
            f"{trained.cpu_seconds / 60:.1f} of processor time",
            "device": f"{trained.device}, {trained.threads} thread{'s' if trained.threads > 1 else ''}",
            "weights stored as": f"{config.stored}; every figure was measured with the weights as stored",
            "versions, learning": trained.versions,
            "versions, measuring": library_versions(),
        },
    )
