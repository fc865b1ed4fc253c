"""Train a model as a recipe says and write its checkpoint: what `python -m core train` does.

Owns the order of the steps, and which files lie beside the checkpoint: the state of a stopped run, what was
learned until it is measured, and the history. Each step is a file of `core.training`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from core.errors import ConfigError
from core.models.model import Model
from core.training.dataset import Fold, Folder, check_patients, in_groups, prepare, taught_facts
from core.training.learned import Trained, is_learned, read_learned, write_history, write_learned
from core.training.loop import Session, train_network
from core.training.recipe import TrainConfig
from core.training.shipping import ship

Progress = Callable[[float, str], None]

STEPS = {"read": (0.0, 0.05), "learn": (0.05, 0.9), "measure": (0.9, 1.0)}
"""Which part of the progress each step fills; measured on the recipes that ship, on a CPU."""


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in a run's folder, named after its checkpoint. state : of a run that was stopped, to resume."""

    checkpoint: Path

    @property
    def state(self) -> Path:
        """The state of an unfinished run."""
        return self.checkpoint.with_suffix(".resume.safetensors")

    @property
    def learned(self) -> Path:
        """What was learned, before it is measured."""
        return self.checkpoint.with_suffix(".learned.safetensors")

    def history(self, fold: Fold | None) -> Path:
        """The history of the run, or of one fold's."""
        part = "" if fold is None else f".fold-{fold.number}-of-{fold.of}"
        return self.checkpoint.with_suffix(f"{part}.history.csv")


def train(
    config_path: Path, data_dir: Path, out_path: Path, progress: Progress | None = None, *, resume: Path | None = None
) -> Model:
    """The model that a recipe makes of a data folder, measured, written to `out_path` and verified.

    Parameters
    ----------
    config_path : a recipe as JSON. data_dir : the folder that holds the recipe's tables; files loose or in zips.
    out_path : `<id>.safetensors`; `model_config.json` and the history are written beside it.
    progress : told a share of 0..1 and a sentence.
    resume : the state of a stopped run, to go on with exactly; or a learned file, which is only measured.

    Raises
    ------
    ConfigError : the recipe is at fault, `out_path` is not named after the recipe's id, or `resume` is of another run.
    StudyError : a table, a file or a label is. Cancelled : Ctrl-C was pressed while it learned.
    """
    config, files = _checked(config_path, out_path)
    folder = Folder(data_dir)
    try:
        rows = folder.rows(config.data.tables)
        check_patients(rows, config.data)
        if resume is not None and is_learned(resume):
            trained = read_learned(resume, config, taught_facts(folder, rows, config))
            write_history(trained.history, files.history(None))
        else:
            trained = _learn(config, folder, files, progress, resume, None)
        model = ship(trained, config, folder, rows, out_path, _part(progress, "measure"))
    finally:
        folder.close()
    if resume != files.learned:
        files.learned.unlink(missing_ok=True)
    return model


def learn(
    config_path: Path,
    data_dir: Path,
    out_path: Path,
    progress: Progress | None = None,
    *,
    resume: Path | None = None,
    fold: Fold | None = None,
) -> Trained:
    """What a recipe learns from the training splits alone; `train` measures it later, here or on another machine.

    Without a fold it is written beside `out_path`; with one, only the history is, and `inner` tells its figure.
    Parameters and errors are those of `train`.
    """
    config, files = _checked(config_path, out_path)
    folder = Folder(data_dir)
    try:
        return _learn(config, folder, files, progress, resume, fold)
    finally:
        folder.close()


def _checked(config_path: Path, out_path: Path) -> tuple[TrainConfig, Files]:
    config = TrainConfig.load(config_path)
    if out_path.name != f"{config.id}.safetensors":
        raise ConfigError(
            found=f"The checkpoint is to be called {out_path.name[:80]}.",
            why="A model's id is its file's name, and the recipe gives another.",
            do=f"End --out in {config.id}.safetensors, or change the id in the recipe.",
        )
    return config, Files(out_path)


def _learn(
    config: TrainConfig, folder: Folder, files: Files, progress: Progress | None, resume: Path | None, fold: Fold | None
) -> Trained:
    rows = in_groups(folder.rows(config.data.tables), config.data.train)
    splits = taught_facts(folder, rows, config)
    cases = prepare(folder, rows, config, _part(progress, "read"))
    with _interrupted() as stop:
        session = Session(
            progress=_part(progress, "learn"), stop=stop, keep=files.state, start=resume, splits=tuple(splits.items())
        )
        trained = train_network(cases, config, session, fold=fold)
    write_history(trained.history, files.history(fold))
    if fold is None:
        write_learned(trained, config, splits, files.learned)
    files.state.unlink(missing_ok=True)
    return trained


@contextmanager
def _interrupted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: the run then ends after its step. A second press stops at once.

    Only a program's main thread hears of it.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def press(_: int, __: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _part(progress: Progress | None, step: str) -> Progress | None:
    """The progress of one step as a part of the whole."""
    if progress is None:
        return None
    low, high = STEPS[step]
    return lambda share, said: progress(low + share * (high - low), said)
