"""Audit a classifier for shortcuts, and write what was found on its card: `python -m core shortcuts`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import ConfigError
from core.models.architectures import Task
from core.models.card import Card, Metric
from core.models.catalog import get_model
from core.models.model import Model
from core.models.recarding import with_card
from core.training.dataset import Folder
from core.training.recipe import TrainConfig
from core.training.shortcuts import PROBE, SHORTCUT, audit_inputs, audit_model, shortcut_sentences

Progress = Callable[[float, str], None]


def audit(
    model_id: str, config_path: Path, data_dir: Path, progress: Progress | None = None, *, write: bool = False
) -> tuple[Metric, ...]:
    """What features reach on the inputs of a recipe, and what the model reaches on altered films of its first split.

    write : put the figures and their sentences on the model's card, in the place of earlier ones.

    Raises
    ------
    ConfigError : the model or the recipe is no classifier of films.
    """
    model, config = get_model(model_id), TrainConfig.load(config_path)
    if model.task is not Task.CLASSIFICATION or config.finding not in model.classes or not config.data.report:
        raise ConfigError(
            found=f"{model_id} and the recipe do not classify films of a reported split.",
            why="The audit asks what tells the classes apart.",
            do="Name a classifier and the recipe that it was made by.",
        )
    split, folder = config.data.report[0], Folder(data_dir)
    try:
        rows = folder.rows(config.data.tables)
        found = audit_inputs(config, folder, rows, split, _part(progress, 0.0, 0.4))
        found += audit_model(model, config, folder, rows, split, _part(progress, 0.4, 1.0))
    finally:
        folder.close()
    if write:
        with_card(model, _with_audit(model, found))
    return found


def _with_audit(model: Model, found: tuple[Metric, ...]) -> Card:
    """The card with these figures, and without earlier ones of their kind and the sentences about them."""
    kept = tuple(m for m in model.card.metrics if not m.name.startswith((SHORTCUT, PROBE)))
    earlier = shortcut_sentences([m for m in model.card.metrics if m.name.startswith((SHORTCUT, PROBE))])
    limits = tuple(sentence for sentence in model.card.limits if sentence not in earlier)
    return model.card.model_copy(update={"metrics": kept + found, "limits": limits + shortcut_sentences(found)})


def _part(progress: Progress | None, low: float, high: float) -> Progress | None:
    return None if progress is None else lambda share, said: progress(low + share * (high - low), said)
