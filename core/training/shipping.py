"""From a trained network to a checkpoint that says what it can do: measured with the weights as stored.

Owns the order: round the weights, centre their scores, save a draft, ask the draft through the app's predictor, save
again with temperature, gate, points and card. The weights of both files are the same bytes, so what was measured is
what is shipped. A measurement that was stopped goes on from the journal beside the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from core.models.architectures import Task
from core.models.card import Card, Metric
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.model import Model
from core.training.asking import score_films
from core.training.calibrating import bias_of, move_bias
from core.training.commit import commit
from core.training.dataset import Folder, Progress, Row, taught_facts
from core.training.evaluate import BALANCED, CONFIRMATORY, SCREENING
from core.training.journal import Journal
from core.training.learned import Trained, as_stored, library_versions
from core.training.measuring import Measured, Work, measure
from core.training.recipe import CardText, Data, TrainConfig
from core.training.shortcuts import PROBE, SHORTCUT, shortcut_sentences
from core.training.words import (
    NO_EXTERNAL,
    calibration_sentence,
    external_sentence,
    missing_point_sentence,
    promise_sentence,
)

RELEASED_FROM = 1
"""Major version from which a model may call itself released."""


def journal_of(out: Path) -> Journal:
    """Where the measurement of that checkpoint is noted until it is written."""
    return Journal(out.with_name(f"{out.name.partition('.safetensors')[0]}.measured.jsonl"), library_versions())


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
    journal = journal_of(out)
    work = Work(config.data, config.finding, folder, tuple(rows), journal, progress)
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / f"{config.id}.safetensors"
        _save(trained, config, draft, Card(), Measured())
        moved = _centre(trained, config, read_model(draft), work)
        _save(trained, config, draft, Card(), Measured())
        measured = measure(read_model(draft), work)
    if moved is not None:
        measured = replace(measured, facts={**measured.facts, "bias": moved})
    card = make_card(config, trained, measured, taught_facts(folder, rows, config))
    _save(trained, config, out, card, measured)
    journal.close()
    return read_model(out)


def _centre(trained: Trained, config: TrainConfig, draft: Model, work: Work) -> str | None:
    """Move the last layer's bias, in place, to where the split that may choose says; what was done, for the card."""
    split, classes = config.data.chosen_on, config.model.classes
    if split is None or config.finding is None:
        return None
    scored = score_films(draft, config.finding, work.folder, work.split(split), None, work.journal)
    by = bias_of(scored, config.finding)
    if by == 0 or not move_bias(trained.network, len(classes), classes.index(config.finding), by):
        return None
    as_stored(trained.network, config)
    return f"of {config.finding} in the last layer moved by {by:+.3f}, fitted on {split}; it changes no order of cases"


def _save(trained: Trained, config: TrainConfig, path: Path, card: Card, measured: Measured) -> None:
    save_model_with_config(
        trained.network,
        path,
        config.model,
        epoch=len(trained.history),
        metrics={"loss": [epoch.loss for epoch in trained.history]},
        card=card,
        operating_points=measured.points,
        stored=config.stored,
        temperature=measured.temperature,
        gate=measured.gate,
    )


def make_card(config: TrainConfig, trained: Trained, measured: Measured, taught: Mapping[str, str]) -> Card:
    """The recipe's words, the measured figures, and sentences for what did not carry over."""
    provenance = {
        "data set": config.data.title,
        **{f"split {name}, taught": facts for name, facts in taught.items()},
        **measured_facts(config.data, measured),
        "recipe": config.id.rpartition("_v")[0] + ".json",
        "recipe sha256": config.sha256,
        "seed": str(config.learning.seed),
        "steps": f"{trained.steps} of {config.learning.batch}, {len(trained.history)} epochs, "
        f"{trained.cases} cases taught",
        "duration": f"{trained.seconds / 60:.1f} minutes of learning, {trained.cpu_seconds / 60:.1f} of processor time",
        "device": f"{trained.device}, {trained.threads} thread{'s' if trained.threads > 1 else ''}",
        "weights stored as": f"{config.stored}; every figure was measured with the weights as stored",
        "versions, learning": trained.versions,
        "versions, measuring": library_versions(),
    }
    maturity = maturity_of(config.id, config.model.task, config.data, measured, gated=measured.gate is not None)
    return card_of(config.card, config.data, config.model.task, measured, maturity, provenance)


def card_of(
    text: CardText,
    data: Data,
    task: Task,
    measured: Measured,
    maturity: Literal["early", "released"],
    provenance: Mapping[str, str],
) -> Card:
    """A card of these words and figures."""
    said = [external_sentence(measured.metrics[split], split) for split in data.external]
    said += [promise_sentence(point, measured.metrics) for point in measured.points]
    said += [calibration_sentence(measured.metrics[split], split) for split in data.report]
    if task is Task.CLASSIFICATION and data.chosen_on is not None:
        said.append(missing_point_sentence((SCREENING, BALANCED, CONFIRMATORY), measured.points))
    if not data.external:
        said.append(NO_EXTERNAL)
    return Card(
        display_name=text.display_name,
        summary=text.summary,
        scenario=text.scenario,
        key_metric=text.key_metric,
        maturity=maturity,
        trained_on=text.trained_on,
        licence=text.licence,
        citations=text.citations,
        limits=(*text.limits, *(sentence for sentence in said if sentence is not None)),
        metrics=tuple(metric for figures in measured.metrics.values() for metric in figures),
        provenance=dict(provenance),
    )


def reworded(model: Model, text: CardText, data: Data, provenance: Mapping[str, str]) -> Card:
    """The card of a shipped model in other words: its figures, and the sentences that they give, stay."""
    by_split: dict[str, list[Metric]] = {split: [] for split in (*data.report, *data.external)}
    for metric in model.card.metrics:
        by_split.setdefault(metric.split, []).append(metric)
    measured = Measured(
        points=model.operating_points, metrics={split: tuple(figures) for split, figures in by_split.items()}
    )
    maturity: Literal["early", "released"] = "released" if model.card.maturity == "released" else "early"
    card = card_of(text, data, model.task, measured, maturity, dict(model.card.provenance) | dict(provenance))
    audit = shortcut_sentences([m for m in card.metrics if m.name.startswith((SHORTCUT, PROBE))])
    return card.model_copy(update={"limits": (*card.limits, *audit)})


def measured_facts(data: Data, measured: Measured) -> dict[str, str]:
    """Of the splits that chose and were measured, how often each was looked at, and the commit that measured."""
    reported = [split for split in (*data.report, *data.external) if split != data.gate_split]
    at = commit()
    return {
        **measured.facts,
        **{f"looks at {split}": str(data.looks.get(split, 1)) for split in reported},
        **({"commit, measuring": at} if at else {}),
    }


def maturity_of(
    model_id: str, task: Task, data: Data, measured: Measured, *, gated: bool
) -> Literal["early", "released"]:
    """'released' from version 1 on, for what has a gate and figures of cases that neither taught nor chose.

    A classifier needs its operating points and figures of another population too. There are no other volumes at
    hand that could be measured; a segmentation's card says so.
    """
    major = int(model_id.rpartition("_v")[2].partition(".")[0])
    whole = gated and any(split != data.gate_split for split in data.report)
    if task is Task.CLASSIFICATION:
        whole = whole and bool(measured.points) and bool(data.external)
    return "released" if major >= RELEASED_FROM and whole else "early"
