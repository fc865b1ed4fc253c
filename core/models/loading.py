"""Weights into networks: checked, filled strictly, tested, and kept while there is room.

Owns the one cache of loaded weights in the process, whatever runs them. It is least recently used under a budget and
safe from several threads; a network in use is never changed, so dropping it from the cache hurts nobody.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError, InferenceError
from core.models import self_test
from core.models.building import build_on_meta
from core.models.facts import read_facts
from core.models.hashing import weights_sha256
from core.models.matching import require_match
from core.models.model import Model
from core.models.tensor_file import read_arrays, read_header
from core.settings import settings

if TYPE_CHECKING:
    from torch import nn

SelfTestState = Literal["passed", "failed", "none", "not run"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Something that runs a model's weights, kept while there is room.

    runner : a network, or what an engine makes of the weights. mib : of memory. ask : outputs by name for an input
    (n, channels, *spatial), for the self-test. factor : how much wider its tolerance is there. seconds : of loading.
    """

    runner: Any
    mib: float
    ask: Callable[[NDArray[np.float32]], Mapping[str, Array]]
    factor: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """Weights in memory: whose, where they run, MiB, and the seconds that loading them took."""

    weights_sha256: str
    where: str
    mib: float
    seconds: float


_lock = threading.RLock()
_loaded: OrderedDict[tuple[str, str], Loaded] = OrderedDict()
_tested: dict[tuple[str, str], SelfTestState] = {}


def load_network(model: Model, device: str = "cpu") -> nn.Module:
    """The network of a model with its weights, in evaluation mode on a device. Do not change it: it is shared.

    Raises
    ------
    CheckpointError : the model has a problem, is an ensemble or a variant, or its bytes are no longer those of
        its handle.
    InferenceError : the self-test does not give the answers that were saved.
    """
    network: nn.Module = hold(model, device, lambda: _network(model, device))
    return network


def hold(model: Model, where: str, load: Callable[[], Loaded]) -> Any:
    """What runs the model's weights at a place ('cpu', 'cuda', an engine and its graph), loaded and tested once.

    Raises
    ------
    CheckpointError, InferenceError : as `load_network`.
    """
    _require_usable(model)  # before the cache: a twin of the same weights may be there that was accepted
    key = (model.weights_sha256, where)
    with _lock:
        if key in _loaded:
            _loaded.move_to_end(key)
            if _tested[key] == "none":  # a twin of the same weights came first, without a self-test in its file
                _run_self_test(model, _loaded[key], key)
            return _loaded[key].runner
        began = time.perf_counter()
        loaded = load()
        loaded = replace(loaded, seconds=time.perf_counter() - began)
        _run_self_test(model, loaded, key)
        _loaded[key] = loaded
        _make_room()
        return loaded.runner


def self_test_state(model: Model) -> SelfTestState:
    """What the self-test said when the model was last loaded in this process; of an ensemble, its worst member."""
    if model.members:
        states = [self_test_state(member.model) for member in model.members]
        order: tuple[SelfTestState, ...] = ("failed", "not run", "none", "passed")
        return min(states, key=order.index)
    # A copy and not the lock: a page asks this while a load, which holds the lock, may take seconds.
    states = [state for (weights, _), state in dict(_tested).items() if weights == model.weights_sha256]
    return "failed" if "failed" in states else states[-1] if states else "not run"


def held_weights() -> tuple[Held, ...]:
    """What the cache holds, least recently used first; it never waits for a load."""
    # One step of the interpreter and not the lock, which a load holds for seconds: a page asks this at each run.
    held = tuple(_loaded.items())
    return tuple(Held(weights, where, one.mib, one.seconds) for (weights, where), one in held)


def loaded_mib() -> dict[str, float]:
    """What the cache holds: MiB of weights by `<first 12 of weights_sha256> on <where>`, least recently used first."""
    return {f"{held.weights_sha256[:12]} on {held.where}": held.mib for held in held_weights()}


def _require_usable(model: Model) -> None:
    if model.problem or model.architecture == "ensemble":
        raise CheckpointError(
            found=f"The model {model.id} cannot be loaded: {model.problem or 'an ensemble has no weights of its own.'}",
            why="Weights that are not certain make scores that are not certain.",
            do="Restore or import the checkpoint again." if model.problem else "Load its members.",
        )


def read_weights(model: Model) -> dict[str, Array]:
    """The tensors of the checkpoint as stored; the bytes that were read are hashed, not those listed.

    Raises
    ------
    CheckpointError : the model has a problem, is an ensemble, or its bytes are no longer those of its handle.
    """
    _require_usable(model)
    stored = model.stored
    header = read_header(stored.path)
    facts = read_facts(header.metadata)
    arrays = read_arrays(stored.path, header)
    if weights_sha256(arrays) != stored.weights_sha256 or facts.config != model.config:
        raise CheckpointError(
            found=f"The checkpoint of {stored.id} changed after it was listed: its checksum differs.",
            why="Its weights would not be those that the results name.",
            do="Restore the file from a backup, then load it again.",
        )
    return arrays


def _network(model: Model, device: str) -> Loaded:
    """The network filled from the checkpoint."""
    if model.variant is not None:
        raise CheckpointError(
            found=f"{model.id} has no network in torch.",
            why=f"It is {model.variant.base.id} in {model.variant.precision}, which only OpenVINO runs.",
            do=f"Use {model.variant.base.id}.",
        )
    import torch

    arrays = read_weights(model)
    network = build_on_meta(model.config)
    found = {name: tuple(array.shape) for name, array in arrays.items()}
    require_match(model.config, {n: tuple(t.shape) for n, t in network.state_dict().items()}, found)
    tensors = {name: torch.from_numpy(a) for name, a in arrays.items()}  # maybe stored in half; run in full
    full = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    network.load_state_dict(full, strict=True, assign=True)
    if model.config.spatial_dims == 2:  # the layout in which 2-D convolutions run 1.1 to 1.5 times faster on a CPU
        network.to(memory_format=torch.channels_last)
    network.eval().requires_grad_(False).to(device)
    return Loaded(
        network,
        sum(t.numel() * t.element_size() for t in network.state_dict().values()) / 2**20,
        lambda array: self_test.answers(network, model.config, array),
        factor=1 if device == "cpu" else self_test.GPU_FACTOR,
    )


def has_self_test(model: Model) -> bool:
    """Whether answers were saved with the weights that a loaded network is held against."""
    return _saved_answers(model) is not None


def _saved_answers(model: Model) -> Mapping[str, Any] | None:
    if model.variant is not None:
        return model.variant.self_test or None
    return read_facts(read_header(model.path).metadata).self_test


def _run_self_test(model: Model, loaded: Loaded, key: tuple[str, str]) -> None:
    expected = _saved_answers(model)
    if expected is None:
        _tested[key] = "none"
        return
    try:
        said = self_test.differences_of(loaded.ask, model.config, expected, loaded.factor)
    except (KeyError, ValueError, TypeError) as error:
        said = f"its record cannot be read ({type(error).__name__})"
    _tested[key] = "passed" if said is None else "failed"
    if said is not None:
        raise InferenceError(
            found=f"The self-test of {model.id} failed: {said}.",
            why="Here the network does not make the numbers that it made when it was saved.",
            do="Check the versions of torch and torchvision against the model's card, or use another model.",
        )


def _make_room() -> None:
    budget = settings().weights_cache_mib
    while len(_loaded) > 1 and sum(loaded.mib for loaded in _loaded.values()) > budget:
        _loaded.popitem(last=False)
