"""The self-test in each checkpoint: a seeded input and what the network answered when it was saved.

Owns the generator, the record and the comparison. A hash proves the weights; this proves that libraries, device
and precision still make the same numbers of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError
from core.models import architectures
from core.models.config import ModelConfig

if TYPE_CHECKING:
    from torch import nn

Ask = Callable[[NDArray[np.float32]], Mapping[str, NDArray[Any]]]
"""Outputs by name for an input (n, channels, *spatial)."""

SEED = 20
SAMPLES = 64
"""Numbers kept of each output: enough to notice any change, few enough for a header."""

TOLERANCE = 1e-3
"""Of the largest answer: kernels and thread counts differ by 1e-6."""

GPU_FACTOR = 10
"""Convolutions on a GPU may use TF32, which keeps 10 bits of each number and loses some 1e-3 over a deep network."""

REDUCED_FACTOR = 20
"""In bfloat16 and int8 another processor rounds otherwise; a variant is held against its own record."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def portable_noise(shape: tuple[int, ...], seed: int = SEED) -> NDArray[np.float32]:
    """Numbers in [-1, 1) that depend on the seed alone, not on a library's generator; float32.

    References
    ----------
    splitmix64 (Steele 2014): the counter times the golden ratio, mixed; the top 24 bits are kept,
    so that every number is exact in float32.
    """
    state = np.arange(1, math.prod(shape) + 1, dtype=np.uint64) * _GOLDEN + np.uint64(seed)
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    top = (state ^ (state >> np.uint64(31))) >> np.uint64(40)
    noise: NDArray[np.float32] = (top.astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape)
    return noise


def probe(config: ModelConfig) -> NDArray[np.float32]:
    """The self-test's input: (1, in_channels, *spatial), small but large enough for the network."""
    side = architectures.get(config.model_type).probe_side(config)
    return portable_noise((1, config.in_channels, *([side] * config.spatial_dims)))


def record(network: nn.Module, config: ModelConfig) -> dict[str, Any]:
    """The self-test of a network: run in evaluation mode on its own device; the mode is put back.

    Raises
    ------
    CheckpointError : it answers with values that are no numbers.
    """
    was_training = network.training
    try:
        return record_of(lambda array: answers(network.eval(), config, array), config)
    finally:
        network.train(was_training)


def record_of(ask: Ask, config: ModelConfig) -> dict[str, Any]:
    """The same of whatever answers `ask` with outputs by name.

    Raises
    ------
    CheckpointError : it answers with values that are no numbers.
    """
    found = ask(probe(config))
    if not all(np.isfinite(a).all() for a in found.values()):
        raise CheckpointError(
            found="The network answers its self-test with values that are no numbers.",
            why="Its weights are finite and too large to compute with: they are damaged.",
            do="Copy or download the checkpoint again.",
        )
    outputs = {name: {"shape": list(a.shape), "values": _sample(a)} for name, a in found.items()}
    return {"seed": SEED, "shape": list(probe(config).shape), "tolerance": TOLERANCE, "outputs": outputs}


def differences(network: nn.Module, config: ModelConfig, expected: Mapping[str, Any]) -> str | None:
    """What differs from the recorded self-test, in words; None when nothing does.

    Raises
    ------
    ValueError, KeyError, TypeError : the record is not one of ours.
    """
    factor = 1 if next(network.parameters()).device.type == "cpu" else GPU_FACTOR
    return differences_of(lambda array: answers(network, config, array), config, expected, factor)


def differences_of(
    ask: Ask,
    config: ModelConfig,
    expected: Mapping[str, Any],
    factor: int = 1,
) -> str | None:
    """The same of whatever answers `ask` with outputs by name; `factor` widens what is allowed."""
    shape = tuple(int(n) for n in expected["shape"])
    if shape != probe(config).shape:
        return f"the test input has shape {shape}, this network's is {probe(config).shape}"
    got = ask(portable_noise(shape, int(expected["seed"])))
    if set(got) != set(expected["outputs"]):
        return f"it answers with {', '.join(sorted(got))}"
    for name, answer in got.items():
        told = expected["outputs"][name]
        if list(answer.shape) != told["shape"]:
            return f"{name} has shape {tuple(answer.shape)} where {tuple(told['shape'])} was saved"
        here, want = np.array(_sample(answer)), np.array(told["values"], np.float64)
        allowed = factor * float(expected["tolerance"]) * max(1.0, float(np.abs(want).max(initial=0)))
        worst = float(np.abs(here - want).max(initial=0))
        if not worst <= allowed:  # NaN differs, too
            return f"{name} differs by {worst:.2g} where {allowed:.2g} is allowed"
    return None


def answers(network: nn.Module, config: ModelConfig, array: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """A network's outputs by name for an input (n, channels, *spatial), on its own device in full precision."""
    import torch

    from core.models.building import named_outputs

    device = next(network.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, enabled=False):
        answer = network(torch.from_numpy(array).to(device))
    return {n: t.double().cpu().numpy() for n, t in named_outputs(config.task, answer).items()}


def _sample(array: NDArray[Any]) -> list[float]:
    """Evenly spread values, with nine digits: float32 needs no more."""
    flat = array.ravel()
    chosen = flat[np.linspace(0, flat.size - 1, min(SAMPLES, flat.size)).astype(np.int64)]
    return [float(f"{value:.9g}") for value in chosen]
