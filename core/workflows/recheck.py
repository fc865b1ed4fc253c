"""Measure a shipped model again and hold it against its card: `python -m core card ID --check DIR`.

Owns the comparison of what is printed. Times are left out: another machine has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.models.card import Metric
from core.models.catalog import get_model
from core.models.model import Model
from core.training.dataset import Folder
from core.training.ensembling import EnsembleConfig
from core.training.measuring import Work, measure_split
from core.training.recipe import TrainConfig
from core.workflows.card_rows import AUDIT, interval, value

HERE = Path(__file__).resolve().parents[1] / "training"
"""Where the recipes of shipped models lie."""

SECONDS = "s"


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure: its name with the subgroup, what the card prints and what was measured now; None where it is gone."""

    name: str
    card: str | None
    now: str | None

    @property
    def same(self) -> bool:
        """Whether both print the same to the last digit."""
        return self.card == self.now


def recheck(
    model_id: str, data_dir: Path, split: str, progress: Callable[[float, str], None] | None = None
) -> tuple[Checked, ...]:
    """Every figure of a split as the card prints it, beside a fresh measurement through the app's predictor.

    Raises
    ------
    ConfigError : the card names no recipe of ours, or has no figures of that split. StudyError : a file is missing.
    """
    model = get_model(model_id)
    config = recipe_of(model)
    if split not in {*config.data.report, *config.data.external}:
        raise ConfigError(
            found=f"{model_id} has no figures of {split[:80]}.",
            why="There is nothing to compare with.",
            do=f"Name one of {', '.join((*config.data.report, *config.data.external))}.",
        )
    folder = Folder(data_dir)
    try:
        rows = folder.rows(config.data.tables)
        work = Work(config.data, config.finding, folder, rows)
        fresh = measure_split(model, model.operating_points, work, split, progress)[1]
    finally:
        folder.close()
    card, now = (_printed(metrics, split) for metrics in (model.card.metrics, fresh))
    return tuple(Checked(name, card.get(name), now.get(name)) for name in dict.fromkeys([*card, *now]))


def recipe_of(model: Model) -> TrainConfig | EnsembleConfig:
    """The recipe that a shipped model's card names; raises ConfigError where there is none."""
    name = Path(model.card.provenance.get("recipe", "none")).name
    path = HERE / ("ensembles" if model.members else "recipes") / name
    return EnsembleConfig.load(path) if model.members else TrainConfig.load(path)


def _printed(metrics: tuple[Metric, ...], split: str) -> dict[str, str]:
    """By name, what a card prints of a split's figures."""
    return {
        f"{m.name} ({', '.join(filter(None, (m.unit, m.subgroup)))})": f"{value(m)}, {interval(m)}"
        for m in metrics
        if m.split == split and m.unit != SECONDS and not m.name.startswith(AUDIT)
    }
