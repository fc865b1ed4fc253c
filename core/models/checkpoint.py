"""Saving a model with its configuration, and loading the pair again (S3's two functions).

Owns both forms. A `.safetensors` name gives our format: weights, configuration, card, operating points and
self-test in one file without code. A `.pth` or `.pt` name gives a plain dictionary that PyTorch's weights-only
loader accepts, for training to go on from. `model_config.json` lies beside either.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError
from core.metrics.operating_points import OperatingPoint
from core.models import self_test as self_tests
from core.models.atomic import write_atomically
from core.models.building import expected_shapes
from core.models.card import Card
from core.models.config import CONFIG_NAME, ModelConfig
from core.models.facts import Facts
from core.models.gate import Gate
from core.models.hashing import weights_sha256
from core.models.matching import require_match
from core.models.naming import lies_under, require_id
from core.models.tensor_file import write_tensors
from core.models.versions import installed_versions

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

log = logging.getLogger(__name__)

OURS = ".safetensors"
PLAIN = (".pth", ".pt")


def save_model_with_config(
    model: nn.Module,
    checkpoint_path: str | Path,
    config: ModelConfig,
    optimizer: Optimizer | None = None,
    epoch: int | None = None,
    metrics: Mapping[str, Any] | None = None,
    card: Card | None = None,
    operating_points: Iterable[OperatingPoint] = (),
    self_test: bool = True,
    stored: Literal["float32", "float16"] = "float32",
    temperature: float = 1.0,
    gate: Gate | None = None,
) -> None:
    """Write a checkpoint and its `model_config.json`, each atomically; folders are made.

    checkpoint_path : `.safetensors` for our format, `.pth` or `.pt` for a plain dictionary with the
        optimiser's state. The model's id is the file's name, or its folder's where that is
        `model`, `best_model` or the like.
    optimizer : kept in a plain dictionary only. operating_points : bound to these weights here.
    self_test : record what the network answers to a seeded input; our format only.
    stored : the precision of the parameters in our format; buffers (normalisation statistics) stay float32.
        For float16 the weights must be rounded already, so that what was measured is what is stored.
    temperature, gate : see `Facts`; our format only.

    Raises
    ------
    CheckpointError : our format is asked for and the network is not the configuration's, a weight is
        not finite, a point is bound to other weights, or the name has another ending.
    """
    path = Path(checkpoint_path)
    training = plain_values({"epoch": epoch, "metrics": dict(metrics or {})})
    if path.suffix == OURS:
        if optimizer is not None:
            log.warning("A .safetensors checkpoint holds no optimiser state; save a .pth to resume training.")
        points = tuple(operating_points)
        beside = _Beside(card or Card(), points, training, self_test, stored, temperature, gate)
        _save_ours(model, path, config, beside)
    elif path.suffix in PLAIN:
        _save_plain(model, path, config, optimizer, training)
    else:
        raise CheckpointError(
            found=f"A checkpoint cannot be called {path.name[:80]}.",
            why="The ending says which of the two forms is meant.",
            do=f"End the name in {OURS} for our format, or in .pth for a plain dictionary.",
        )
    config.save(path.parent / CONFIG_NAME)


def load_model_with_config(
    checkpoint_path: str | Path,
    model_factory_fn: Callable[..., nn.Module],
    device: str = "cpu",
) -> tuple[nn.Module, ModelConfig, dict[str, Any]]:
    """The network, its configuration and the checkpoint's content.

    The network is what `model_factory_fn(**config.get_model_params())` makes, filled strictly, in
    evaluation mode on the device ('cuda' falls back to the CPU with a warning where there is none).
    The checkpoint is opened in the isolated worker, never unpickled here.

    Raises
    ------
    CheckpointError : the file cannot be trusted or read, or its tensors do not fit the network.
    ConfigError : the configuration breaks the schema or contradicts the tensors.
    """
    from core.models.importing import read_checkpoint

    path = Path(checkpoint_path)
    content = read_checkpoint(path)
    config = content.config
    network = model_factory_fn(**config.get_model_params())
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    require_match(config, expected, {name: tuple(tensor.shape) for name, tensor in content.state.items()})
    network.load_state_dict(content.state, strict=True)
    return network.eval().to(available(device)), config, content.checkpoint


def available(device: str) -> str:
    """The device itself, or 'cpu' with a warning where no such device is at hand."""
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        log.warning("No CUDA device is at hand; using the CPU.")
        return "cpu"
    return device


@dataclass(frozen=True, slots=True)
class _Beside:
    """What goes into our format beside weights and configuration."""

    card: Card
    points: tuple[OperatingPoint, ...]
    training: dict[str, Any]
    self_test: bool
    stored: Literal["float32", "float16"]
    temperature: float
    gate: Gate | None


def _save_ours(model: nn.Module, path: Path, config: ModelConfig, beside: _Beside) -> None:
    model_id = require_id(lies_under(path))
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    require_match(config, expected_shapes(config), {name: tuple(t.shape) for name, t in state.items()})
    arrays = {name: (t.float() if t.is_floating_point() else t).contiguous().numpy() for name, t in state.items()}
    require_finite(arrays)
    if beside.stored == "float16":
        arrays |= {name: _halved(name, arrays[name]) for name, _ in model.named_parameters()}
    weights_hash = weights_sha256(arrays)
    facts = Facts(
        model_id=model_id,
        config=config,
        card=beside.card,
        weights_sha256=weights_hash,
        operating_points=tuple(_bound(point, weights_hash) for point in beside.points),
        self_test=self_tests.record(model, config) if beside.self_test else None,
        temperature=beside.temperature,
        gate=beside.gate,
        versions=installed_versions(),
        training=beside.training,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_tensors(path, arrays, facts.to_metadata())


def _halved(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in half precision; raises CheckpointError where half precision does not hold them."""
    with np.errstate(over="ignore"):  # what runs over differs, and is refused
        half = array.astype(np.float16)
    if not np.array_equal(half.astype(array.dtype), array):
        raise CheckpointError(
            found=f"Weights of {name[:80]} are no half-precision numbers.",
            why="Storing them rounded would ship another network than the one that was measured.",
            do="Round the weights first (w.half().float()), measure, then save.",
        )
    return half


def _save_plain(
    model: nn.Module, path: Path, config: ModelConfig, optimizer: Optimizer | None, training: dict[str, Any]
) -> None:
    import torch

    content = {
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": None if optimizer is None else optimizer.state_dict(),
        **training,
        "config": config.model_dump(mode="json"),
        "classes": list(config.classes),
    }
    write_atomically(path, lambda file: torch.save(content, file))


def require_finite(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise CheckpointError, naming the tensors, where a weight is NaN or infinite."""
    bad = [name for name, a in sorted(arrays.items()) if a.dtype.kind == "f" and not np.isfinite(a).all()]
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise CheckpointError(
            found=f"Weights are NaN or infinite in {', '.join(name[:80] for name in bad[:3])}{more}.",
            why="Every score of such a network is meaningless.",
            do="Use a checkpoint from before training diverged.",
        )


def plain_values(value: Any) -> Any:  # JSON values out of what trainers keep in metrics
    """The same value in JSON's types: NumPy and torch numbers become numbers, NaN becomes None, tuples lists.

    Raises
    ------
    CheckpointError : it holds something else, an object for instance.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_values(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(held) for held in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    raise CheckpointError(
        found=f"The metrics hold a {type(value).__name__}.",
        why="A checkpoint holds numbers and text only, so that it loads without running code.",
        do="Give numbers, text, lists and dictionaries.",
    )


def _bound(point: OperatingPoint, weights_hash: str) -> OperatingPoint:
    if point.weights_sha256 not in (None, weights_hash):
        raise CheckpointError(
            found=f"The operating point {point.name[:60]!r} was chosen with other weights.",
            why="A threshold of another model promises nothing here.",
            do="Choose it again with these weights.",
        )
    return point.bound_to(weights_hash)
