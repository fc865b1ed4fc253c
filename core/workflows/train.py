"""Train a model as a recipe says and write its checkpoint: what `python -m core train` does.

Owns the order of the steps. Each of them is a file of `core.training`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import ConfigError
from core.models.model import Model
from core.training.dataset import Folder, check_patients, in_groups, prepare
from core.training.loop import train_network
from core.training.recipe import TrainConfig
from core.training.shipping import ship

Progress = Callable[[float, str], None]

STEPS = {"read": (0.0, 0.05), "learn": (0.05, 0.9), "measure": (0.9, 1.0)}
"""Which part of the progress each step fills; measured on the recipes that ship, on a CPU."""


def train(config_path: Path, data_dir: Path, out_path: Path, progress: Progress | None = None) -> Model:
    """The model that a recipe makes of a data folder, measured, written to `out_path` and verified.

    Parameters
    ----------
    config_path : a recipe as JSON. data_dir : the folder that holds the recipe's tables; files loose or in zips.
    out_path : `<id>.safetensors`; `model_config.json` is written beside it.
    progress : told a share of 0..1 and a sentence.

    Raises
    ------
    ConfigError : the recipe is at fault, or `out_path` is not named after the recipe's id.
    StudyError : a table, a file or a label is.
    """
    config = TrainConfig.load(config_path)
    _require_name(out_path, config)
    folder = Folder(data_dir)
    try:
        rows = folder.rows(config.data.tables)
        check_patients(rows, config.data)
        cases = prepare(folder, in_groups(rows, config.data.train), config, _part(progress, "read"))
        trained = train_network(cases, config, _part(progress, "learn"))
        return ship(trained, config, folder, rows, out_path, _part(progress, "measure"))
    finally:
        folder.close()


def _require_name(out_path: Path, config: TrainConfig) -> None:
    if out_path.name != f"{config.id}.safetensors":
        raise ConfigError(
            found=f"The checkpoint is to be called {out_path.name[:80]}.",
            why="A model's id is its file's name, and the recipe gives another.",
            do=f"End --out in {config.id}.safetensors, or change the id in the recipe.",
        )


def _part(progress: Progress | None, step: str) -> Progress | None:
    """The progress of one step as a part of the whole."""
    if progress is None:
        return None
    low, high = STEPS[step]
    return lambda share, said: progress(low + share * (high - low), said)
