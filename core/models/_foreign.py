"""Reading a foreign checkpoint: its tensors as arrays, and what else it holds as JSON. Runs in the worker only.

This is the one place that calls torch's loader, weights-only, after the instructions were looked through.
"""

from __future__ import annotations

import json
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError
from core.models._bundle import read_bundle
from core.models._foreign_words import damaged, over
from core.models._onnx_weights import read_onnx
from core.models.checkpoint import require_finite
from core.models.export_record import RECORD_FILE
from core.models.pickle_scan import unwanted_globals
from core.models.pickled_tensors import fill, module_tensors, read_pickled
from core.models.sniffing import Container, recognise
from core.settings import settings

if TYPE_CHECKING:
    from torch import Tensor

STATE_KEYS = ("model_state_dict", "state_dict", "model")
"""Where checkpoints keep their weights, besides being nothing but weights."""

LEFT_OUT = ("optimizer_state_dict", "optimizer", "scheduler_state_dict", "scheduler", "scaler", "ema")
"""What training needs and predicting does not."""

PREFIXES = ("module.", "_orig_mod.", "model.")
"""Put before every name by DataParallel, by torch.compile, and by wrappers."""

MAX_PREFIXES = 4
"""Wrappers around wrappers; more than this is no habit of anybody's."""

SHOWN_GLOBALS = 6

BREAKS = (ValueError, LookupError, OSError, StopIteration, RuntimeError, zipfile.BadZipFile, zlib.error, MemoryError)
"""What a damaged pickle or archive raises; a length that lies asks for more memory than there is, and gets none."""

MAX_DEPTH = 16
"""Nesting of what is kept beside the weights."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A foreign checkpoint, opened.

    state : tensors by the names in the file, still torch's. rest : everything beside them, as JSON
    values. notes : what was left out or changed, one sentence each. unknown : steps of preprocessing that are
    stated and not done here.
    """

    container: Container
    state: dict[str, Tensor]
    rest: dict[str, Any]
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def open_foreign(path: Path) -> Foreign:
    """The weights and the other content of a checkpoint of any kind that is read.

    Raises
    ------
    CheckpointError : of another kind, asks for code, damaged, over a limit, or without weights.
    """
    if path.is_dir():
        return _open_bundle(path)
    container = recognise(path)
    if container is Container.SAFETENSORS:
        return _open_safetensors(path)
    if container is Container.TORCHSCRIPT:
        return _open_torchscript(path)
    if container is Container.ONNX:
        state, metadata, notes = read_onnx(path)
        return Foreign(container, _checked(state), dict(metadata), notes)
    content = load_plain(path, container)
    state, key = find_state(content)
    left = sorted(name for name in content if isinstance(name, str) and name in LEFT_OUT and content[name] is not None)
    rest = {k: v for k, v in content.items() if k != key and k not in left} if key is not None else {}
    notes = (f"Left out, because predicting does not need it: {', '.join(left)}.",) if left else ()
    return Foreign(container, state, {str(k): to_json(v) for k, v in rest.items()}, notes)


def load_plain(path: Path, container: Container) -> dict[Any, Any]:
    """The dictionary in a PyTorch file: looked through first, then loaded weights-only; never anything else.

    Raises
    ------
    CheckpointError : it asks for code, is damaged, or holds no dictionary.
    """
    import torch

    if container not in (Container.TORCH_ZIP, Container.TORCH_LEGACY):
        raise CheckpointError(
            found=f"The file is a {container}.",
            why="Training goes on from the weights, the optimiser and the epoch that a PyTorch checkpoint holds.",
            do="Give the checkpoint that training wrote; `import` reads this file for predicting.",
        )
    require_harmless(path, container)
    try:
        with torch.serialization.safe_globals(_numpy_scalars()):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=container is Container.TORCH_ZIP)
    except (pickle.UnpicklingError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
            EOFError, OSError, OverflowError, AssertionError, MemoryError) as error:  # fmt: skip
        raise damaged() from error
    if not isinstance(content, dict):
        raise CheckpointError(
            found=f"The checkpoint holds a {type(content).__name__}, not a table of named weights.",
            why="Weights are put into a network by their names.",
            do="Save it with torch.save(model.state_dict(), …).",
        )
    return content


def require_harmless(path: Path, container: Container) -> None:
    """Raise CheckpointError, naming what it asks for, unless the file's pickle asks for tensors and numbers only."""
    try:
        unwanted = unwanted_globals(path, container)
    except BREAKS as error:
        raise damaged() from error
    if unwanted:
        more = f" and {len(unwanted) - SHOWN_GLOBALS} more" if len(unwanted) > SHOWN_GLOBALS else ""
        raise CheckpointError(
            found=f"The checkpoint asks for {', '.join(n[:80] for n in unwanted[:SHOWN_GLOBALS])}{more}.",
            why="Opening it would run code that came with the file, so it was not opened.",
            do="Save the weights alone with torch.save(model.state_dict(), …); beside them only numbers and text.",
        )


def find_state(content: Mapping[Any, Any]) -> tuple[dict[str, Tensor], str | None]:
    """The named weights in a checkpoint's content, and the key they lie under (None: they are the content).

    Raises
    ------
    CheckpointError : there are none, or two sets of them, or one of them is no usable tensor.
    """
    if _is_state(content):
        return _checked(content), None
    held = [key for key in STATE_KEYS if isinstance(content.get(key), Mapping) and _is_state(content[key])]
    if len(held) != 1:
        keys = ", ".join(str(k)[:40] for k in list(content)[:8]) or "nothing"
        what = f"weights under {' and '.join(held)}" if held else f"no weights; it holds: {keys}"
        raise CheckpointError(
            found=f"The checkpoint has {what}.",
            why=f"One set of named weights is needed, alone or under one of: {', '.join(STATE_KEYS)}.",
            do="Save it with torch.save(model.state_dict(), …).",
        )
    return _checked(content[held[0]]), held[0]


def stripped(names: list[str]) -> list[str]:
    """Prefixes that every name shares, one after the other: '' first, then longer and longer ones."""
    prefixes = [""]
    while len(prefixes) <= MAX_PREFIXES:
        rest = [name[len(prefixes[-1]) :] for name in names]
        found = next((p for p in PREFIXES if all(r.startswith(p) and len(r) > len(p) for r in rest)), None)
        if found is None:
            break
        prefixes.append(prefixes[-1] + found)
    return prefixes


def to_arrays(state: Mapping[str, Tensor]) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Tensors as arrays in memory of their own, floating-point ones as float32, and what was changed.

    Raises
    ------
    CheckpointError : a weight is NaN or infinite.
    """
    import torch

    changed = sorted({str(t.dtype) for t in state.values() if t.is_floating_point() and t.dtype != torch.float32})
    arrays = {
        name: np.array((t.to(torch.float32) if t.is_floating_point() else t).contiguous().numpy(), order="C")
        for name, t in state.items()
    }
    require_finite(arrays)
    notes = (
        (f"Weights of {', '.join(d.removeprefix('torch.') for d in changed)} are kept as float32.",) if changed else ()
    )
    return arrays, notes


def to_json(value: Any, depth: int = 0) -> Any:  # anything the weights-only loader can make -> a JSON value
    """What stands beside the weights, as JSON: numbers, text, lists, tables; anything else as its kind in words."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {str(k): to_json(v, depth + 1) for k, v in value.items()}
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set):
        return [to_json(v, depth + 1) for v in value]
    return f"({type(value).__name__})"


def _is_state(content: Mapping[Any, Any]) -> bool:
    import torch

    return bool(content) and all(isinstance(value, torch.Tensor) for value in content.values())


def _checked(state: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The tensors themselves, after their number, names, kinds and sizes were judged."""
    import torch

    limits = settings()
    readable = {torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
                torch.int8, torch.uint8, torch.bool}  # fmt: skip
    if len(state) > limits.checkpoint_tensors:
        raise over(f"{len(state):,} tensors", f"{limits.checkpoint_tensors:,} tensors")
    total = 0
    for name, tensor in state.items():
        usable = isinstance(name, str) and len(name) <= 512 and tensor.layout == torch.strided
        if not usable or tensor.device.type != "cpu" or tensor.dtype not in readable or tensor.is_quantized:
            raise CheckpointError(
                found=f"The tensor {str(name)[:80]} is of a kind that is not read ({tensor.dtype}, {tensor.layout}).",
                why="Only plain numbers in memory can fill a network.",
                do="Save float32 weights with torch.save(model.state_dict(), …).",
            )
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise CheckpointError(
                found=f"The tensor {name[:80]} claims {tensor.numel():,} numbers where fewer are stored.",
                why="Such a tensor could fill the memory of this machine.",
                do="Save the weights again with torch.save(model.state_dict(), …).",
            )
        total += tensor.numel() * max(4, tensor.element_size())
    if total > limits.checkpoint_mib * 2**20:
        raise over(f"{total / 2**20:,.0f} MiB of weights", f"{limits.checkpoint_mib} MiB")
    return dict(state)


def _open_safetensors(path: Path) -> Foreign:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            names = list(file.keys())
            if len(names) > settings().checkpoint_tensors:
                raise over(f"{len(names):,} tensors", f"{settings().checkpoint_tensors:,} tensors")
            state = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged() from error
    return Foreign(Container.SAFETENSORS, _checked(state), dict(metadata))


def _open_bundle(path: Path) -> Foreign:
    bundle = read_bundle(path)
    inner = open_foreign(bundle.weights)
    notes = (*inner.notes, *bundle.notes)
    return Foreign(Container.BUNDLE, inner.state, {"config": bundle.config}, notes, tuple(bundle.unknown))


def weights_file(path: Path) -> Path:
    """The file that holds the weights: the path itself, or that of a bundle's folder."""
    return read_bundle(path).weights if path.is_dir() else path


def _open_torchscript(path: Path) -> Foreign:
    """The tensors of the archive's table; the program beside them is neither run nor read."""
    require_harmless(path, Container.TORCHSCRIPT)
    try:
        pickled = read_pickled(path, Container.TORCHSCRIPT)
        state = fill(pickled, module_tensors(pickled.value))
        with zipfile.ZipFile(path) as archive:
            said = {n.partition("/extra/")[2]: archive.read(n) for n in archive.namelist() if n.endswith(RECORD_FILE)}
        rest = json.loads(said[RECORD_FILE]) if RECORD_FILE in said else {}
    except BREAKS as error:
        raise damaged() from error
    if not state:
        raise CheckpointError(
            found="The TorchScript archive holds no named weights.",
            why="They were folded into its program (frozen), and no program of a file is run here.",
            do="Save the weights alone where it was made: torch.save(module.state_dict(), …).",
        )
    return Foreign(Container.TORCHSCRIPT, _checked(state), rest if isinstance(rest, dict) else {})


def _numpy_scalars() -> list[Any]:  # callables, and callables with the name they are asked for under
    """What makes single NumPy numbers, as trainers leave them in metrics; allowed for one load."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?")]
    return [(scalar, "numpy.core.multiarray.scalar"), (scalar, "numpy._core.multiarray.scalar"), np.dtype, *kinds]
