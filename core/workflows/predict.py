"""A study shown to a model: refused in words, or queued and run.

Owns the queue: one run at a time on each device, so that a crowd waits and memory stays bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.engines.devices import choose_device
from core.inference.answer import Watch
from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.inference.sliding_window import Progress
from core.models.model import Model
from core.studies.study import Study

_QUEUES = {"cpu": threading.Lock(), "cuda": threading.Lock()}

LOOK_AGAIN_S = 0.2
"""How often a waiting run looks whether it was cancelled."""


def predict(
    study: Study,
    model: Model,
    *,
    threshold: float | None = None,
    explain: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    engine: str | None = None,
) -> Prediction:
    """The model's prediction for a study; arguments as `Predictor.predict`.

    engine : what runs it on the CPU, in the place of the setting.

    Raises
    ------
    AdmissionError : the model does not admit the study; told at once, without waiting for others.
    CheckpointError, InferenceError : the model cannot be used, or cannot answer.
    Cancelled : while waiting, or between windows.
    """
    device = choose_device()
    return Predictor(model, device, engine).predict(
        study,
        threshold=threshold,
        explain=explain,
        progress=progress,
        cancelled=cancelled,
        turn=_turn(device, Watch(progress, cancelled)),
    )


@contextmanager
def _turn(device: str, watch: Watch) -> Iterator[None]:
    """This run's turn on the device; cancelling works while waiting too."""
    queue = _QUEUES[device]
    while not queue.acquire(timeout=LOOK_AGAIN_S):
        watch.tell(0.0, "Waiting for another run to end")
    try:
        yield
    finally:
        queue.release()
