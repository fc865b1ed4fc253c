"""One line from a checkpoint to a prediction: the predictors that the source documents name.

Owns opening by path. A checkpoint of another's making is imported in its isolated process, and the
files of a study are read in the isolated worker too: the worker is told the table of readers by
name, because reading lies on a higher floor and nothing is opened in this process.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from core.errors import ConfigError
from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.inference.sliding_window import Progress
from core.isolation import Limits, Worker
from core.models.architectures import Task
from core.models.importing import open_checkpoint
from core.models.model import Model
from core.settings import settings
from core.studies.parts import study_from_parts
from core.studies.study import Study

READERS = "core.workflows._reading:TABLE"
"""The worker's table of readers; a name in a string, looked up in the worker's own process."""

Brought = Study | str | Path | Sequence[str | Path]
"""A study, or the file, folder or files that hold one."""


class TumorPredictor:
    """A checkpoint as a predictor: `TumorPredictor('tumor_segmentation_v1.pth').predict('t1.nii.gz').label_map`.

    Parameters
    ----------
    checkpoint_path : `.safetensors`, `.pth`, `.pt`, or a folder that holds one.
    device : 'cpu', 'cuda', or None for the setting's choice.

    Raises
    ------
    CheckpointError, ConfigError, WorkerBreach : the file cannot be trusted, read or understood.
    """

    def __init__(self, checkpoint_path: str | Path, *, device: str | None = None) -> None:
        self._use(open_checkpoint(checkpoint_path), device)

    def _use(self, model: Model, device: str | None) -> None:
        self.model = model
        self._predictor = Predictor(model, device)

    def predict(
        self,
        study: Brought,
        *,
        threshold: float | None = None,
        explain: bool = False,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Prediction:
        """The prediction for a study, or for the file or files that hold one; else as `Predictor.predict`.

        Raises
        ------
        StudyError : the files cannot be read as one study.
        """
        return self._predictor.predict(
            open_brought(study), threshold=threshold, explain=explain, progress=progress, cancelled=cancelled
        )


class MultiTaskPredictor(TumorPredictor):
    """The same for a multitask network; its sizes come from the file.

    Parameters
    ----------
    base_filters, depth : sizes that the caller believes in; one that contradicts the tensors is refused.

    Raises
    ------
    ConfigError : such a contradiction, or the checkpoint is no multitask network.
    """

    def __init__(
        self,
        checkpoint_path: str | Path,
        base_filters: int | None = None,
        depth: int | None = None,
        *,
        device: str | None = None,
    ) -> None:
        sizes = {"base_filters": base_filters, "depth": depth}
        model = open_checkpoint(checkpoint_path, overrides={k: v for k, v in sizes.items() if v is not None})
        if model.task is not Task.MULTITASK:
            raise ConfigError(
                found=f"The checkpoint holds a {model.architecture} for {model.task}.",
                why="A multitask predictor answers with scores and labels, and this network gives one of them.",
                do="Use TumorPredictor, which takes any of our architectures.",
            )
        self._use(model, device)


def open_brought(brought: Brought) -> Study:
    """The study itself, or the one that a file, a folder or several files hold, read in the isolated worker.

    Raises
    ------
    StudyError : they cannot be read as one study. WorkerBreach : reading ran past a limit.
    """
    if isinstance(brought, Study):
        return brought
    paths = [brought] if isinstance(brought, str | Path) else list(brought)
    request = {"files": [str(Path(path).absolute()) for path in paths], "series": None, "volume": None}
    facts, arrays = _reader().call("read", request)
    return study_from_parts(facts, arrays)


@cache
def _reader() -> Worker:
    limits = settings()
    worker = Worker(READERS, Limits(limits.worker_memory_mib, limits.worker_cpu_s, limits.worker_wall_s))
    atexit.register(worker.close)
    return worker
