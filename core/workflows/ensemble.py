"""Join models of the shelf to an ensemble with points, figures and card of its own: `python -m core ensemble`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import ConfigError
from core.models.ensembles import ENSEMBLE_SUFFIX
from core.models.model import Model
from core.training.dataset import Folder, check_patients
from core.training.ensembling import EnsembleConfig, ship_ensemble


def ensemble(
    config_path: Path, data_dir: Path, out_path: Path, progress: Callable[[float, str], None] | None = None
) -> Model:
    """The ensemble that a configuration describes, measured on a data folder and written to `out_path`.

    Raises
    ------
    ConfigError : the configuration is at fault, a member is missing, or `out_path` is not named after the id.
    StudyError : a table or a file is at fault.
    """
    config = EnsembleConfig.load(config_path)
    if out_path.name != f"{config.id}{ENSEMBLE_SUFFIX}":
        raise ConfigError(
            found=f"The ensemble is to be called {out_path.name[:80]}.",
            why="A model's id is its file's name, and the configuration gives another.",
            do=f"End --out in {config.id}{ENSEMBLE_SUFFIX}, or change the id in the configuration.",
        )
    folder = Folder(data_dir)
    try:
        rows = folder.rows(config.data.tables)
        check_patients(rows, config.data)
        return ship_ensemble(config, folder, rows, out_path, progress)
    finally:
        folder.close()
