"""What learning leaves behind, in memory and as a file: weights, history, and how they came about.

Owns `Trained` and the learned file, with which learning may end on one machine and measuring begin on another.
The file's weights are those that will ship, rounded already. It is no checkpoint: it has no figures and no card.
"""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.errors import CheckpointError, ConfigError
from core.models.atomic import write_atomically
from core.models.building import build_network
from core.models.strict_json import canonical_json, parse_json_object
from core.models.tensor_file import read_arrays, read_header, write_tensors
from core.training.recipe import TrainConfig

SCHEMA = "readroom.learned/1"

LIBRARIES = ("readroom", "torch", "torchvision", "monai", "numpy", "pillow")
"""What decides the numbers of a run."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass: mean loss, last rate, the inner fold's figure (AUC, or mean Dice) where it was looked at, seconds."""

    number: int
    loss: float
    rate: float
    inner: float | None
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network in evaluation mode on the CPU, how it got there, and in what time.

    cases : items taught: films, slices or volumes. seconds : by the clock, waiting for others included;
    cpu_seconds : of this process's processors. inner : the inner fold's figure of these weights, if there was one.
    """

    network: nn.Module
    history: tuple[Epoch, ...]
    cases: int
    steps: int
    seconds: float
    cpu_seconds: float
    device: str
    threads: int
    versions: str
    inner: float | None = None


def library_versions() -> str:
    """The versions at hand, in one line; a library that is not there is left out."""
    found = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def as_stored(network: nn.Module, config: TrainConfig) -> None:
    """Round the weights, in place, to what the file will hold; normalisation statistics keep full precision."""
    if config.stored == "float16":
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(parameter.half().float())


def write_learned(trained: Trained, config: TrainConfig, splits: Mapping[str, str], path: Path) -> None:
    """Write the learned file, atomically; the network's weights are rounded in place to what it holds.

    splits : the facts of each split that was taught, by name.
    """
    as_stored(trained.network, config)
    arrays = {name: tensor.detach().contiguous().numpy() for name, tensor in trained.network.state_dict().items()}
    if config.stored == "float16":
        arrays |= {name: arrays[name].astype(np.float16) for name, _ in trained.network.named_parameters()}
    facts = {name: getattr(trained, name) for name in _FACTS}
    metadata = {
        "schema": SCHEMA,
        "id": config.id,
        "learning_sha256": config.learning_sha256,
        "splits": canonical_json(dict(splits)),
        "history": canonical_json([asdict(epoch) for epoch in trained.history]),
        "facts": canonical_json(facts),
    }
    write_tensors(path, arrays, metadata)


_FACTS = ("cases", "steps", "seconds", "cpu_seconds", "device", "threads", "versions", "inner")


def read_learned(path: Path, config: TrainConfig, splits: Mapping[str, str]) -> Trained:
    """What was learned, if it was of this recipe and of these splits.

    Raises
    ------
    CheckpointError : the file is damaged, or its tensors are not the recipe's network.
    ConfigError : it was learned by another recipe or from other data.
    """
    header = read_header(path)
    held = header.metadata
    if held.get("schema") != SCHEMA:
        raise ConfigError(
            found=f"{path.name[:80]} is no learned file of this version.",
            why="Only weights whose origin is written beside them are measured and shipped.",
            do="Give a file that `train --learn-only` wrote, or the state of a stopped run.",
        )
    if held.get("learning_sha256") != config.learning_sha256:
        raise ConfigError(
            found="The weights were learned by another recipe.",
            why="Their card would describe a run that never was.",
            do="Give the recipe that they were learned by, or learn again.",
        )
    if parse_json_object(held["splits"], "The splits") != dict(splits):
        raise ConfigError(
            found="The weights were learned from other training files than those in the data folder.",
            why="The card names the training splits by hash.",
            do="Give the same data, or learn again.",
        )
    network = build_network(config.model)
    state = {name: torch.from_numpy(array) for name, array in read_arrays(path, header).items()}
    own = network.state_dict()
    if {n: tuple(t.shape) for n, t in own.items()} != {n: tuple(t.shape) for n, t in state.items()}:
        raise CheckpointError(
            found="The learned weights are not those of the recipe's network.",
            why="Another network would be shipped under its name.",
            do="Learn again.",
        )
    network.load_state_dict({name: tensor.to(own[name].dtype) for name, tensor in state.items()})
    facts = parse_json_object(held["facts"], "The facts")
    history = parse_json_object(f'{{"epochs":{held["history"]}}}', "The history")["epochs"]
    return Trained(network=network.eval(), history=tuple(Epoch(**epoch) for epoch in history), **facts)


def is_learned(path: Path) -> bool:
    """Whether a file is a learned file, and not the state of an unfinished run."""
    return read_header(path).metadata.get("schema") == SCHEMA


def write_history(history: Sequence[Epoch], path: Path) -> None:
    """The history as a CSV file, a row an epoch; empty where there was no look at the inner fold."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["number", "loss", "rate", "inner", "seconds"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in history)
    write_atomically(path, text.getvalue().encode())
