"""Which engine runs a model: torch on a GPU, else a runtime with the model's graph, else torch on the CPU.

Owns the order, and why an engine that was named cannot run. A runtime is taken only where its answers were held
against torch's for these very weights (`checks`); the setting, or who asks, can name an engine, and then nothing
else is tried. A variant has one engine or none: in another one it would be another model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from core.engines.checks import held_against_torch
from core.engines.devices import choose_device
from core.engines.engine import Engine
from core.engines.graph import Graph, find_graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import REDUCED, RUNTIMES, Runtime, lacking
from core.errors import InferenceError
from core.models import architectures
from core.models.comparison import Check
from core.models.model import Model
from core.models.variants import Precision
from core.settings import settings

if TYPE_CHECKING:
    from core.engines.torch_engine import TorchEngine

AUTO, TORCH = "auto", "torch"
TITLES: Mapping[str, str] = {AUTO: "Automatic", TORCH: TORCH, **{one.name: one.title for one in RUNTIMES}}
"""What can be named, as it is shown."""
_RUNTIME: Mapping[str | None, Runtime] = {one.name: one for one in RUNTIMES}


class Placed(Engine, Protocol):
    """An engine that says where it runs."""

    @property
    def place(self) -> str:
        """'cpu' or 'cuda'."""


def named_engine(wanted: str | None = None) -> str:
    """The engine that is asked for, as in `TITLES`: `wanted`, else the setting's."""
    return wanted or settings().engine


def engines_for(model: Model, device: str | None = None, engine: str | None = None) -> Iterator[Placed]:
    """The engine of choice, then the CPU's for when memory does not suffice on a GPU.

    Parameters
    ----------
    device : 'cpu' or 'cuda', in the place of the setting. engine : likewise, of those that run on the CPU.

    Raises
    ------
    InferenceError : an engine was named that cannot run this model here.
    """
    if model.variant is not None:
        yield variant_engine(model, device, engine)
        return
    place = choose_device(device)
    if place == "cuda":
        if engine in _RUNTIME:
            raise _on_gpu(engine)
        yield _torch(model, place)
    yield cpu_engine(model, engine)


def cpu_engine(model: Model, wanted: str | None = None) -> Placed:
    """The engine that runs a model on the CPU; `wanted` stands in the place of the setting.

    Raises
    ------
    InferenceError : the engine that was named cannot run it here, or torch is needed and not installed.
    """
    found = graph_engine(model, wanted)
    if found is not None:
        return found
    if (refusal := _cannot_run(model, wanted)) is not None:
        raise refusal
    return _torch(model, "cpu")


def find_refusal(model: Model, wanted: str | None = None) -> InferenceError | None:
    """Why the engine that was named cannot run a model here; of an ensemble, why not a member. None where it can.

    wanted : in the place of the setting.
    """
    if model.variant is not None:
        try:
            variant_engine(model, engine=wanted)
        except InferenceError as refused:
            return refused
        return None
    if choose_device() == "cuda":
        return _on_gpu(wanted) if wanted in _RUNTIME else None
    for one in [member.model for member in model.members] or [model]:
        if graph_engine(one, wanted) is None and (refusal := _cannot_run(one, wanted)) is not None:
            return refusal
    return None


def graph_engine(model: Model, wanted: str | None = None) -> GraphEngine | None:
    """The runtime that runs the model's graph; None where that is torch's work."""
    wanted = named_engine(wanted)
    for runtime in RUNTIMES:
        if wanted not in (AUTO, runtime.name) or runtime.installed is None:
            continue
        graph = find_graph(model)
        if graph is not None and not held_against_torch(model, graph, runtime.name).why_not:
            return GraphEngine(model, runtime, graph)
    return None


def runs_on_torch(model: Model, wanted: str | None = None) -> bool:
    """Whether a run of the model, its heat map included, needs torch here; of an ensemble, any member's.

    wanted : in the place of the setting.
    """
    if model.members:
        return any(runs_on_torch(member.model, wanted) for member in model.members)
    if model.variant is not None:
        return False
    if choose_device() == "cuda" or graph_engine(model, wanted) is None:
        return True
    return bool(model.classes) and architectures.get(model.config.model_type).head_gradient is None


def engine_title(model: Model, wanted: str | None = None) -> str:
    """What runs the model here, in words; of an ensemble, what runs all its members.

    wanted : in the place of the setting.
    """
    if model.members:
        return " and ".join(dict.fromkeys(engine_title(member.model, wanted) for member in model.members))
    if model.variant is not None:
        runtime = REDUCED[model.variant.precision]
        return f"CPU, {runtime.title}, {runtime.precision}"
    if choose_device() == "cuda":
        return "GPU"
    engine = graph_engine(model, wanted)
    return f"CPU, {TORCH if engine is None else engine.runtime.title}"


def variant_engine(model: Model, device: str | None = None, engine: str | None = None) -> GraphEngine:
    """The one engine of a variant: its base's weights in its precision, in the graph that was compared.

    Raises
    ------
    InferenceError : what it needs is not here, its graph is gone, or the settings or these arguments name another one.
    """
    variant, found = model.variant, variant_graph(model)
    if variant is None:
        raise ValueError(f"{model.id} is no variant")
    runtime, place = REDUCED[variant.precision], device or settings().device
    named = named_engine(engine)
    if place == "cuda" or named not in (AUTO, runtime.name):
        why = f"It runs on the CPU in {runtime.title} alone, and {'a GPU' if place == 'cuda' else named} was asked for."
    elif found is None:
        why = "The graph that was compared with float32 is gone, or was traced anew since."
    elif lack := lacking(variant.precision):
        why = lack
    else:
        return GraphEngine(model, runtime, found)
    raise InferenceError(
        found=f"{model.display_name} cannot run here in {runtime.precision}.",
        why=why,
        do=f"Use its base, {variant.base.id}, or make the variant again with `python -m core variant`.",
    )


def variant_graph(model: Model) -> Graph | None:
    """The graph that a variant was compared in: its own, or its base's; None where it is gone or is another now."""
    if model.variant is None:
        return None
    own = model.variant.precision == Precision.INT8
    graph = find_graph(model if own else model.variant.base)
    return graph if graph is not None and graph.sha256 == model.variant.graph_sha256 else None


def rests_on(model: Model, wanted: str | None = None) -> str:
    """What the choice of the engine rests on, in a sentence; of an ensemble, one for each member.

    wanted : in the place of the setting.
    """
    if model.members:
        return " ".join(f"{one.model.display_name}: {rests_on(one.model, wanted)}" for one in model.members)
    if model.variant is not None:
        return _words(model.variant.check)
    if choose_device() == "cuda":
        return "torch runs networks on the GPU."
    engine = graph_engine(model, wanted)
    if engine is None:
        return "torch, in float32, is what other engines are held against."
    check = held_against_torch(model, engine.graph, engine.runtime.name).check
    return "" if check is None else _words(check)


def _words(check: Check) -> str:
    return f"{check.short()}, {check.figures()}."


def why_not(model: Model, runtime: Runtime) -> str:
    """Why a runtime does not run a model, in a sentence; empty where it does."""
    if runtime.installed is None:
        return f"{runtime.title} is not installed."
    graph = find_graph(model)
    if graph is None:
        return "Its network was not converted."
    return held_against_torch(model, graph, runtime.name).why_not


def _cannot_run(model: Model, wanted: str | None) -> InferenceError | None:
    """The refusal where a runtime was named that does not run the model."""
    named = named_engine(wanted)
    if named not in _RUNTIME:
        return None
    runtime = _RUNTIME[named]
    if wanted is None:
        return InferenceError(
            found=f"READROOM_ENGINE names {named}, which cannot run {model.display_name} here.",
            why=why_not(model, runtime),
            do="Set READROOM_ENGINE to auto or torch, or see `python -m core engines`.",
        )
    return InferenceError(
        found=f"{runtime.title} was chosen, and cannot run {model.display_name} here.",
        why=why_not(model, runtime),
        do="Choose another engine on the Models page; a model that was not converted can be converted there.",
    )


def _on_gpu(wanted: str | None) -> InferenceError:
    return InferenceError(
        found=f"{TITLES[wanted or AUTO]} was chosen, and networks run on the GPU here.",
        why="It runs on the CPU alone, and running another engine than the one named would be silent.",
        do="Choose another engine, or set READROOM_DEVICE to cpu.",
    )


def _torch(model: Model, place: str) -> TorchEngine:
    from core.engines.torch_engine import TorchEngine

    return TorchEngine(model, place)
