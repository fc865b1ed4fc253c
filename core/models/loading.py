"""Weights into networks: checked, filled strictly, tested, and kept while there is room.

Owns the one cache of loaded weights in the process. It is least recently used under a budget and safe from
several threads; a network in use is never changed, so dropping it from the cache hurts nobody.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

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

_lock = threading.RLock()
_loaded: OrderedDict[tuple[str, str], nn.Module] = OrderedDict()
_tested: dict[tuple[str, str], SelfTestState] = {}


def load_network(model: Model, device: str = "cpu") -> nn.Module:
    """The network of a model with its weights, in evaluation mode on a device. Do not change it: it is shared.

    Raises
    ------
    CheckpointError : the model has a problem, is an ensemble, or its bytes are no longer those of
        its handle.
    InferenceError : the self-test does not give the answers that were saved.
    """
    _require_usable(model)  # before the cache: a twin of the same weights may be there that was accepted
    key = (model.weights_sha256, device)
    with _lock:
        if key in _loaded:
            _loaded.move_to_end(key)
            if _tested[key] == "none":  # a twin of the same weights came first, without a self-test in its file
                _run_self_test(model, _loaded[key], key)
            return _loaded[key]
        network = _read(model).to(device)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        _run_self_test(model, network, key)
        _loaded[key] = network
        _make_room()
        return network


def self_test_state(model: Model) -> SelfTestState:
    """What the self-test said when the model was last loaded in this process; of an ensemble, its worst member."""
    if model.members:
        states = [self_test_state(member.model) for member in model.members]
        order: tuple[SelfTestState, ...] = ("failed", "not run", "none", "passed")
        return min(states, key=order.index)
    # A copy and not the lock: a page asks this while a load, which holds the lock, may take seconds.
    states = [state for (weights, _), state in dict(_tested).items() if weights == model.weights_sha256]
    return "failed" if "failed" in states else states[-1] if states else "not run"


def loaded_mib() -> dict[str, float]:
    """What the cache holds: MiB of weights by `<first 12 of weights_sha256> on <device>`, least recently used first."""
    with _lock:
        return {f"{weights[:12]} on {device}": _mib(network) for (weights, device), network in _loaded.items()}


def _require_usable(model: Model) -> None:
    if model.problem or model.architecture == "ensemble":
        raise CheckpointError(
            found=f"The model {model.id} cannot be loaded: {model.problem or 'an ensemble has no weights of its own.'}",
            why="Weights that are not certain make scores that are not certain.",
            do="Restore or import the checkpoint again." if model.problem else "Load its members.",
        )


def _read(model: Model) -> nn.Module:
    """The network filled from the checkpoint, on the CPU; the bytes that were read are hashed, not those listed."""
    import torch

    header = read_header(model.path)
    facts = read_facts(header.metadata)
    arrays = read_arrays(model.path, header)
    if weights_sha256(arrays) != model.weights_sha256 or facts.config != model.config:
        raise CheckpointError(
            found=f"The checkpoint of {model.id} changed after it was listed: its checksum differs.",
            why="Its weights would not be those that the results name.",
            do="Restore the file from a backup, then load it again.",
        )
    network = build_on_meta(model.config)
    require_match(model.config, {n: tuple(t.shape) for n, t in network.state_dict().items()}, header.shapes)
    tensors = {name: torch.from_numpy(a) for name, a in arrays.items()}  # maybe stored in half; run in full
    full = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    network.load_state_dict(full, strict=True, assign=True)
    if model.config.spatial_dims == 2:  # the layout in which 2-D convolutions run 1.1 to 1.5 times faster on a CPU
        network.to(memory_format=torch.channels_last)
    return network.eval()


def _run_self_test(model: Model, network: nn.Module, key: tuple[str, str]) -> None:
    expected = read_facts(read_header(model.path).metadata).self_test
    if expected is None:
        _tested[key] = "none"
        return
    try:
        said = self_test.differences(network, model.config, expected)
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
    while len(_loaded) > 1 and sum(_mib(network) for network in _loaded.values()) > budget:
        _loaded.popitem(last=False)


def _mib(network: nn.Module) -> float:
    total: int = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    return total / 2**20
