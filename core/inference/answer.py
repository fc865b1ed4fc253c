"""One network's answer to one study: preprocessing, the run, and what is done when memory is short.

Owns the order of things from a study to raw outputs. Thresholds and labels are decided in
`postprocess` and `predictor`, several networks are joined in `ensemble`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.engines.choose import Placed, engines_for
from core.engines.engine import Engine, OutOfMemory
from core.errors import Cancelled, InferenceError
from core.inference.batching import at_a_time
from core.inference.gate import Familiarity, familiarity, look_at
from core.inference.postprocess import class_probabilities, class_scores, scores_by_slice
from core.inference.prediction import SliceScores
from core.inference.preprocess import Prepared, preprocess
from core.inference.sliding_window import Progress, Windowed, run_slices, run_windows, window_starts
from core.models.model import Model
from core.settings import settings
from core.studies.study import Study

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far a run is (0..1 and a few words), and who may stop it."""

    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None

    def tell(self, share: float, text: str) -> None:
        """Tell the progress, and stop here when the run was cancelled.

        Raises
        ------
        Cancelled : the user asked for it.
        """
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if self.progress is not None:
            self.progress(share, text)

    def part(self, number: int, of: int) -> Watch:
        """The watch of one of several runs in a row; its progress is that share of the whole."""
        told = self.progress
        if told is None or of == 1:
            return self
        return Watch(
            lambda share, text: told((number + share) / of, f"Model {number + 1} of {of}: {text}"), self.cancelled
        )


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network says, before any threshold.

    scores : probability by class name. slices : the same for each slice of a volume that a 2-D network
    walked along, else None. segmentation : logits (outputs, *network grid). heat : map
    of the explained class (*network grid), unscaled. familiarity : of the study, where the model has a
    gate. engine : its description. seconds : by stage.
    """

    prepared: Prepared
    scores: Mapping[str, float]
    slices: SliceScores | None
    segmentation: Float | None
    heat: Float | None
    familiarity: Familiarity | None
    engine: Mapping[str, Any]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]


@runtime_checkable
class Explaining(Engine, Protocol):
    """An engine that answers with 'heat' too, and counts the seconds that it takes."""

    seconds: float


@dataclass(slots=True)
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._since
        self._since = now


def ask(
    study: Study, model: Model, *, device: str | None, explained: str | None, watch: Watch, engine: str | None = None
) -> Answer:
    """The model's answer to a study that it admits.

    Parameters
    ----------
    explained : name of the class whose heat map is wanted, or None. device, engine : in the place of the settings.

    Raises
    ------
    InferenceError : there is too little memory even on the CPU. Cancelled : the watch says so.
    """
    clock, notes = _Clock(), []
    watch.tell(0.0, "Preparing the study")
    prepared = preprocess(study, model.input)
    near = None if model.gate is None else familiarity(model.gate, look_at(study, prepared, model.input))
    clock.lap("preprocess")
    for placed in engines_for(model, device, engine):
        runner = placed if explained is None else explaining(placed, model, explained)
        try:
            runner.load()
            clock.lap("load")
            run = _run(runner, prepared, model, watch, placed.place)
        except OutOfMemory:
            notes.append(f"Memory on {_name(placed)} did not suffice for one window.")
            continue
        clock.lap("network")
        if placed.place == "cpu" and notes:
            notes.append("The CPU was used instead.")
        if run.short:
            notes.append(f"Memory allowed {run.batch} at a time; the windows are the same.")
        if isinstance(runner, Explaining):
            clock.seconds["explain"] = runner.seconds
            clock.seconds["network"] -= runner.seconds
        return _answer(run, prepared, near, model, runner.describe(), clock.seconds, notes)
    raise InferenceError(
        found=f"{model.display_name} ran out of memory.",
        why="Not even one window of this study fits beside what else is running.",
        do="Close other programs or choose a smaller model; the study is unchanged.",
    )


def ask_engine(engine: Engine, study: Study, model: Model) -> Answer:
    """The answer of one given engine to a study that the model admits, without gate or a second try.

    Raises
    ------
    OutOfMemory : one window does not fit. InferenceError : it answers with values that are no numbers.
    """
    prepared = preprocess(study, model.input)
    run = _run(engine, prepared, model, Watch(), "cpu")
    return _answer(run, prepared, None, model, engine.describe(), {}, [])


def explaining(engine: Placed, model: Model, explained: str) -> Explaining:
    """The engine with a heat map of that class: in closed form where the head has one, else by torch's gradients."""
    from core.engines.graph_engine import GraphEngine
    from core.inference.heat import ClosedFormCam, has_closed_form

    target = model.classes.index(explained)
    if isinstance(engine, GraphEngine) and has_closed_form(model):
        return ClosedFormCam(engine, target)
    from core.engines.torch_engine import TorchEngine
    from core.inference.explain import GradCam

    return GradCam(engine if isinstance(engine, TorchEngine) else TorchEngine(model, engine.place), target)


def _name(engine: Placed) -> str:
    return "the CPU" if engine.place == "cpu" else "the GPU"


def _run(engine: Engine, prepared: Prepared, model: Model, watch: Watch, place: str) -> Windowed:
    array, most = prepared.array, settings().window_batch
    watch.tell(0.0, "Running the network")
    if prepared.slicewise:
        return run_slices(
            engine,
            array,
            batch=at_a_time(array.shape[1], array.shape[2:], place, most),
            context=model.input.context,
            progress=watch.progress,
            cancelled=watch.cancelled,
        )
    if model.input.patch is not None:
        patch = model.input.patch
        batch = at_a_time(len(window_starts(array.shape[1:], patch)), patch, place, most)
        return run_windows(engine, array, patch, batch=batch, progress=watch.progress, cancelled=watch.cancelled)
    return Windowed(engine.run(array[None]), 1)


def _answer(
    run: Windowed,
    prepared: Prepared,
    near: Familiarity | None,
    model: Model,
    engine: Mapping[str, Any],
    seconds: Mapping[str, float],
    notes: list[str],
) -> Answer:
    outputs = run.outputs
    finite = all(bool(np.isfinite(values).all()) for values in outputs.values())
    if not finite:
        raise InferenceError(
            found=f"{model.display_name} answered with values that are not numbers.",
            why="No score or label can be read from them.",
            do="Check the study's grey values, or choose another model; the study is unchanged.",
        )
    scores: dict[str, float] = {}
    slices = None
    if "logits" in outputs:
        probability = class_probabilities(outputs["logits"] / np.float32(model.temperature), model.config.activation)
        scores = class_scores(probability, model.classes, model.config.activation)
        slices = scores_by_slice(probability, model.classes, prepared)
    return Answer(
        prepared=prepared,
        scores=scores,
        slices=slices,
        segmentation=outputs["segmentation"][0] if "segmentation" in outputs else None,
        heat=outputs["heat"][0, 0] if "heat" in outputs else None,
        familiarity=near,
        engine=engine,
        seconds=seconds,
        notes=(*prepared.notes, *notes),
    )
