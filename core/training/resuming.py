"""The state of an unfinished run as a file: everything that the next step depends on, so that resuming is exact.

Owns the file. It holds weights, their average, the optimiser's moments, the draws of every generator and the place
in the epoch; it is read without running code, like every file of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import ConfigError
from core.models.strict_json import canonical_json, parse_json_object
from core.models.tensor_file import read_arrays, read_header, write_tensors
from core.training.learned import Epoch
from core.training.learner import Learner
from core.training.recipe import TrainConfig

SCHEMA = "readroom.training-state/1"

Times = tuple[float, float]
"""Seconds by the clock, and of the processors, that the run has taken so far."""


@dataclass(slots=True)
class State:
    """Where a run stands.

    order : of the items in the epoch that has begun, None between epochs. position : steps done of it. total :
    the sum of its losses, on the device. best, best_weights, since : of a run with patience, its best look and
    how many looks there were since.
    """

    step: int = 0
    position: int = 0
    order: Tensor | None = None
    total: Tensor = field(default_factory=lambda: torch.zeros(()))
    best: float | None = None
    best_weights: dict[str, Tensor] | None = None
    since: int = 0

    def note(self, inner: float, learner: Learner) -> None:
        """Keep the averaged weights of a look that is the best so far."""
        if self.best is None or inner > self.best:
            self.best, self.since = inner, 0
            self.best_weights = {name: tensor.clone() for name, tensor in learner.average.state_dict().items()}
        else:
            self.since += 1

    def out_of_patience(self, config: TrainConfig) -> bool:
        """Whether the recipe would wait no longer."""
        return config.learning.patience is not None and self.since >= config.learning.patience


def write_state(
    path: Path,
    state: State,
    learner: Learner,
    generator: torch.Generator,
    history: tuple[Epoch, ...],
    times: Times,
    about: Mapping[str, str],
) -> None:
    """Write the state, atomically."""
    tensors: dict[str, Tensor] = {f"random.{name}": held for name, held in _random(learner, generator).items()}
    tensors |= {f"network.{name}": tensor for name, tensor in learner.network.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in learner.average.state_dict().items()}
    for number, moments in learner.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": tensor for name, tensor in moments.items()}
    if state.order is not None:
        tensors |= {"order": state.order, "total": state.total}
    tensors |= {f"best.{name}": tensor for name, tensor in (state.best_weights or {}).items()}
    facts = {name: getattr(state, name) for name in ("step", "position", "best", "since")}
    metadata = {
        "schema": SCHEMA,
        "about": canonical_json(dict(about)),
        "facts": canonical_json(facts | {"times": list(times), "averaged_steps": learner.averaged_steps}),
        "scaler": canonical_json(learner.scaler.state_dict()),
        "history": canonical_json([asdict(epoch) for epoch in history]),
    }
    arrays = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}
    write_tensors(path, arrays, metadata)


def read_state(
    path: Path, learner: Learner, generator: torch.Generator, about: Mapping[str, str]
) -> tuple[State, list[Epoch], Times]:
    """Bring a fresh learner and generator to where the run stood.

    Raises
    ------
    ConfigError : the file is no state, or one of another recipe, fold or data. CheckpointError : it is damaged.
    """
    header = read_header(path)
    if header.metadata.get("schema") != SCHEMA:
        raise ConfigError(
            found=f"{path.name[:80]} is not the state of an unfinished run.",
            why="A run can only go on from everything that its next step depends on.",
            do="Give the .resume.safetensors file that the stopped run left, or start anew.",
        )
    held = parse_json_object(header.metadata["about"], "The state's origin")
    differs = sorted(name for name in about if held.get(name) != about[name])
    if differs:
        raise ConfigError(
            found=f"The unfinished run had another {' and another '.join(differs)}.",
            why="It would go on as neither the one run nor the other.",
            do="Give the recipe, data and fold that it was started with, or start anew.",
        )
    tensors = {name: torch.from_numpy(array) for name, array in read_arrays(path, header).items()}
    learner.network.load_state_dict(_under(tensors, "network."))
    learner.average.load_state_dict(_under(tensors, "average."))
    _restore_optimiser(learner, _under(tensors, "optimiser."))
    learner.scaler.load_state_dict(parse_json_object(header.metadata["scaler"], "The scaler"))
    _restore_random(learner, generator, _under(tensors, "random."))
    facts = parse_json_object(header.metadata["facts"], "The facts")
    learner.averaged_steps = facts.pop("averaged_steps")
    seconds, cpu_seconds = facts.pop("times")
    best = {name: tensor.to(learner.device) for name, tensor in _under(tensors, "best.").items()}
    total = tensors.get("total", torch.zeros(())).to(learner.device)
    state = State(**facts, order=tensors.get("order"), total=total, best_weights=best or None)
    history = parse_json_object(f'{{"epochs":{header.metadata["history"]}}}', "The history")["epochs"]
    return state, [Epoch(**epoch) for epoch in history], (seconds, cpu_seconds)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _restore_optimiser(learner: Learner, tensors: Mapping[str, Tensor]) -> None:
    moments: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        number, _, moment = name.partition(".")
        moments.setdefault(int(number), {})[moment] = tensor
    plain = learner.optimiser.state_dict()
    learner.optimiser.load_state_dict({"state": moments, "param_groups": plain["param_groups"]})


def _random(learner: Learner, generator: torch.Generator) -> dict[str, Tensor]:
    """Every generator's state: of order and windows, of augmentation, and torch's own, which dropout draws from."""
    found = {"order": generator.get_state(), "augment": learner.generator.get_state(), "torch": torch.get_rng_state()}
    if learner.device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(learner.device)
    return found


def _restore_random(learner: Learner, generator: torch.Generator, states: Mapping[str, Tensor]) -> None:
    generator.set_state(states["order"])
    torch.set_rng_state(states["torch"])
    try:
        learner.generator.set_state(states["augment"])
        if learner.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], learner.device)
    except (KeyError, RuntimeError) as error:
        raise ConfigError(
            found="The unfinished run was on another kind of device.",
            why="Its draws cannot be continued here, so the run would not be the same.",
            do="Go on where it began, or start anew.",
        ) from error
