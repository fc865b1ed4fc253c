"""Which engine runs a model: torch on a GPU, else a runtime with the model's graph, else torch on the CPU.

Owns the order. A runtime is taken only where its answers were held against torch's for these very weights
(`checks`); the setting can name an engine, and then nothing else is tried. A variant has one engine or none: in
another one it would be another model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from core.engines.checks import held_against_torch
from core.engines.devices import choose_device
from core.engines.engine import Engine
from core.engines.graph import Graph, find_graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import REDUCED, RUNTIMES, Runtime
from core.errors import InferenceError
from core.models import architectures
from core.models.model import Model
from core.models.variants import Precision
from core.settings import settings

if TYPE_CHECKING:
    from core.engines.torch_engine import TorchEngine

TORCH = "torch"


class Placed(Engine, Protocol):
    """An engine that says where it runs."""

    @property
    def place(self) -> str:
        """'cpu' or 'cuda'."""


def engines_for(model: Model, device: str | None = None, engine: str | None = None) -> Iterator[Placed]:
    """The engine of choice, then the CPU's for when memory does not suffice on a GPU.

    Parameters
    ----------
    device : 'cpu' or 'cuda', in the place of the setting. engine : likewise, of those that run on the CPU.

    Raises
    ------
    InferenceError : the setting names an engine that cannot run this model here.
    """
    if model.variant is not None:
        yield variant_engine(model, device, engine)
        return
    place = choose_device(device)
    if place == "cuda":
        yield _torch(model, place)
    yield cpu_engine(model, engine)


def cpu_engine(model: Model, wanted: str | None = None) -> Placed:
    """The engine that runs a model on the CPU; `wanted` stands in the place of the setting.

    Raises
    ------
    InferenceError : the engine that was named cannot run it here, or torch is needed and not installed.
    """
    wanted = wanted or settings().engine
    found = graph_engine(model, wanted)
    if found is not None:
        return found
    if wanted not in ("auto", TORCH):
        raise InferenceError(
            found=f"READROOM_ENGINE names {wanted}, which cannot run {model.display_name} here.",
            why=why_not(model, next(runtime for runtime in RUNTIMES if runtime.name == wanted)),
            do="Set READROOM_ENGINE to auto or torch, or see `python -m core engines`.",
        )
    return _torch(model, "cpu")


def graph_engine(model: Model, wanted: str | None = None) -> GraphEngine | None:
    """The runtime that runs the model's graph; None where that is torch's work."""
    wanted = wanted or settings().engine
    for runtime in RUNTIMES:
        if wanted not in ("auto", runtime.name) or runtime.installed is None:
            continue
        graph = find_graph(model)
        if graph is not None and not held_against_torch(model, graph, runtime.name).why_not:
            return GraphEngine(model, runtime, graph)
    return None


def runs_on_torch(model: Model) -> bool:
    """Whether a run of the model, its heat map included, needs torch here; of an ensemble, any member's."""
    if model.members:
        return any(runs_on_torch(member.model) for member in model.members)
    if model.variant is not None:
        return False
    if choose_device() == "cuda" or graph_engine(model) is None:
        return True
    return bool(model.classes) and architectures.get(model.config.model_type).head_gradient is None


def engine_title(model: Model) -> str:
    """What runs the model here, in words; of an ensemble, what runs all its members."""
    if model.members:
        return " and ".join(dict.fromkeys(engine_title(member.model) for member in model.members))
    if model.variant is not None:
        runtime = REDUCED[model.variant.precision]
        return f"CPU, {runtime.title}, {runtime.precision}"
    if choose_device() == "cuda":
        return "GPU"
    engine = graph_engine(model)
    return f"CPU, {TORCH if engine is None else engine.runtime.title}"


def variant_engine(model: Model, device: str | None = None, engine: str | None = None) -> GraphEngine:
    """The one engine of a variant: its base's weights in its precision, in the graph that was compared.

    Raises
    ------
    InferenceError : it is not installed, its graph is gone, or the settings or these arguments name another one.
    """
    variant, found = model.variant, variant_graph(model)
    if variant is None:
        raise ValueError(f"{model.id} is no variant")
    runtime, place = REDUCED[variant.precision], device or settings().device
    named = engine or settings().engine
    if place == "cuda" or named not in ("auto", runtime.name):
        why = f"It runs on the CPU in {runtime.title} alone, and {'a GPU' if place == 'cuda' else named} was asked for."
    elif runtime.installed is None:
        why = f"{runtime.title} is not installed."
    elif found is None:
        why = "The graph that was compared with float32 is gone, or was traced anew since."
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


def why_not(model: Model, runtime: Runtime) -> str:
    """Why a runtime does not run a model, in a sentence; empty where it does."""
    if runtime.installed is None:
        return f"{runtime.title} is not installed."
    graph = find_graph(model)
    if graph is None:
        return "Its network was not converted."
    return held_against_torch(model, graph, runtime.name).why_not


def _torch(model: Model, place: str) -> TorchEngine:
    from core.engines.torch_engine import TorchEngine

    return TorchEngine(model, place)
