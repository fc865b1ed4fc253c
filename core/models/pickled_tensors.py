"""What PyTorch's files hold, read as data: tensors by reference, then their numbers, without torch's own loader.

Owns the stand-ins for the calls that make tensors, the containers around the pickle (zip and legacy), and filling
tensors from the bytes beside it. It runs in the worker. `pickle_reader` is the machine below; what other
calls may stand for is its caller's matter.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.models.pickle_reader import Kept, Made, Name, StandIn, read_pickle, walk
from core.models.pickle_scan import LEGACY_PARTS, MAX_INSTRUCTIONS
from core.models.sniffing import Container

if TYPE_CHECKING:
    from torch import Tensor

_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
"""torch's names of what its storages hold."""


MAX_DEPTH = 32
"""Modules within modules; MONAI's deepest network here has eleven."""

MAX_PARTS = 500_000
"""Attributes of all the modules of a network."""


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A tensor whose numbers lie beside the pickle, under `key`; `offset` and `stride` count numbers."""

    dtype: str
    key: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pickled:
    """A PyTorch file, read as data: its value, and where the numbers of each storage lie in the file."""

    value: Any
    container: Container
    path: Path
    places: Mapping[str, tuple[int, int]]
    """Of a legacy file: storage -> (first byte, number of numbers). A zip file has one part for each instead."""


def read_pickled(path: Path, container: Container, stand_ins: Mapping[str, StandIn] | None = None) -> Pickled:
    """The content of a PyTorch file as data: plain values, `TensorRef`s, and stand-ins for everything else.

    Raises
    ------
    ValueError, KeyError, OSError, zipfile.BadZipFile : the file is damaged.
    """
    known = {**TENSORS, **(stand_ins or {})}
    if container is not Container.TORCH_LEGACY:
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.partition("/")[2] == "data.pkl")
            if archive.getinfo(name).file_size > MAX_INSTRUCTIONS:
                raise ValueError("more instructions than any table of weights needs")
            return Pickled(read_pickle(io.BytesIO(archive.read(name)), known), container, path, {})
    with path.open("rb") as file:
        *_, value, keys = (read_pickle(file, known) for _ in range(LEGACY_PARTS))
        places, sizes = {}, _storage_sizes(value)
        for key in keys if isinstance(keys, list) else ():
            count = int.from_bytes(file.read(8), "little")
            places[str(key)] = (file.tell(), count)
            file.seek(count * sizes.get(str(key), 1), io.SEEK_CUR)
    return Pickled(value, container, path, places)


def fill(pickled: Pickled, refs: Mapping[str, TensorRef]) -> dict[str, Tensor]:
    """The tensors themselves, each in memory of its own.

    Raises
    ------
    ValueError, KeyError, OSError, zipfile.BadZipFile : the numbers are not where the file says.
    """
    if pickled.container is not Container.TORCH_LEGACY:
        with zipfile.ZipFile(pickled.path) as archive:
            names = {n.partition("/")[2]: n for n in archive.namelist()}
            if "byteorder" in names and archive.read(names["byteorder"]) != b"little":
                raise ValueError("written on a machine of the other byte order")
            return {name: _tensor(ref, archive.read(names[f"data/{_plain(ref.key)}"])) for name, ref in refs.items()}
    found = {}
    with pickled.path.open("rb") as file:
        for name, ref in refs.items():
            first, count = pickled.places[ref.key]
            file.seek(first)
            found[name] = _tensor(ref, file.read(count * _itemsize(ref.dtype)))
    return found


def module_tensors(value: Any) -> dict[str, TensorRef]:
    """The tensors of a module by their full names: of TorchScript's and of a pickled `nn.Module`; empty for others.

    TorchScript keeps parameters, buffers and submodules as attributes side by side, `nn.Module` in tables of their own.

    Raises
    ------
    ValueError : there are more parts than any network has, as where modules hold one another many times.
    """
    found: dict[str, TensorRef] = {}
    waiting, looked_at = [("", value, 0)], 0
    while waiting:
        prefix, module, depth = waiting.pop()
        for name, part in _attributes(module).items():
            looked_at += 1
            if looked_at > MAX_PARTS or depth > MAX_DEPTH:
                raise ValueError("more parts than any network has")
            if isinstance(part, TensorRef):
                found[f"{prefix}{name}"] = part
            elif isinstance(part, Made):
                waiting.append((f"{prefix}{name}.", part, depth + 1))
    return found


def _attributes(module: Any) -> dict[Any, Any]:
    state = module.state if isinstance(module, Made) else None
    if not isinstance(state, dict):
        return {}
    parts = {**state}
    for table in ("_parameters", "_buffers", "_modules"):
        if isinstance(state.get(table), dict):
            parts |= state[table]
    passing = state.get("_non_persistent_buffers_set")
    for name in passing if isinstance(passing, list) else ():
        if isinstance(name, str):
            parts.pop(name, None)
    return parts


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> TensorRef | Made:
    said = storage.said if isinstance(storage, Kept) else None
    numbers = [offset, *shape, *stride]
    if not isinstance(said, tuple) or len(said) < 5 or len(shape) != len(stride) or len(shape) > 8:
        raise ValueError("a tensor without a storage")
    if any(type(n) is not int or not 0 <= n < 2**48 for n in numbers):
        raise ValueError("a tensor with a shape or place that is no count")
    kind = said[1].name.rpartition(".")[2] if isinstance(said[1], Name) else ""
    if kind not in _STORAGES:
        return Made(f"a tensor of {kind[:40] or 'no known kind'}", (), called=True)
    return TensorRef(_STORAGES[kind], str(said[2]), offset, tuple(shape), tuple(stride))


def _first(value: Any, *_: Any) -> Any:
    return value


def _table(*arguments: Any) -> dict[Any, Any]:
    (pairs,) = arguments or ([],)
    return {pair[0]: pair[1] for pair in pairs}


TENSORS: dict[str, StandIn] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch.nn.parameter.Parameter": _first,
    "torch.Size": lambda sizes=(): tuple(sizes),
    "collections.OrderedDict": _table,
}
"""What makes tensors and tables, and our functions in its place."""


def _tensor(ref: TensorRef, content: bytes) -> Tensor:
    import torch

    dtype = getattr(torch, ref.dtype)
    last = ref.offset + sum((n - 1) * s for n, s in zip(ref.shape, ref.stride, strict=True))
    if math.prod(ref.shape) == 0:
        return torch.zeros(ref.shape, dtype=dtype)
    if (last + 1) * _itemsize(ref.dtype) > len(content) or math.prod(ref.shape) * _itemsize(ref.dtype) > len(content):
        raise ValueError("a tensor that claims more numbers than are stored")
    flat = torch.frombuffer(bytearray(content), dtype=dtype)
    return flat.as_strided(ref.shape, ref.stride, ref.offset).clone(memory_format=torch.contiguous_format)


def _itemsize(dtype: str) -> int:
    return {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "int16": 2}.get(dtype, 1)


def _plain(key: str) -> str:
    if not key.replace("_", "").isalnum():
        raise ValueError("a storage with a name that is none")
    return key


def _storage_sizes(value: Any) -> dict[str, int]:
    """Bytes of a number in each storage that the value's tensors use."""
    return {part.key: _itemsize(part.dtype) for part in walk(value) if isinstance(part, TensorRef)}
