"""Which engine runs a model: torch on a GPU, else a runtime with the model's graph, else torch on the CPU.

Owns the order. A runtime is taken only where its answers were held against torch's for these very weights
(`checks`); the setting can name an engine, and then nothing else is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from core.engines.checks import held_against_torch
from core.engines.devices import choose_device
from core.engines.engine import Engine
from core.engines.graph import find_graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import RUNTIMES, Runtime
from core.errors import InferenceError
from core.models import architectures
from core.models.model import Model
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
    if choose_device() == "cuda" or graph_engine(model) is None:
        return True
    return bool(model.classes) and architectures.get(model.config.model_type).head_gradient is None


def engine_title(model: Model) -> str:
    """What runs the model here, in words; of an ensemble, what runs all its members."""
    if model.members:
        return " and ".join(dict.fromkeys(engine_title(member.model) for member in model.members))
    if choose_device() == "cuda":
        return "GPU"
    engine = graph_engine(model)
    return f"CPU, {TORCH if engine is None else engine.runtime.title}"


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
