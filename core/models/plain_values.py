"""Harmless objects that trainers leave in checkpoints, and the plain value that each stands for.

Owns the list: NumPy's numbers and arrays, paths, namespaces, sets and the like. The names are never imported; what
stands for them is made of the pickle's own data by the functions here. `convert` writes the result down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.models.pickle_reader import StandIn
from core.models.pickle_scan import is_harmless

_NUMBERS = "biufc"
_MODULES = ("torch.nn.modules.", "torch.nn.parallel.", "torchvision.", "monai.networks.", "timm.")
"""Where the classes of pickled networks come from: a module is read as a table of its weights."""


class Namespace(dict[str, Any]):
    """A namespace as a table: it is filled when the pickle gives its state."""

    def build(self, state: Any) -> None:  # whatever the pickle gives
        """Take the attributes."""
        if isinstance(state, Mapping):
            self.update({str(name): value for name, value in state.items()})


class _Dtype:
    def __init__(self, code: Any, *_: Any) -> None:
        self.dtype = np.dtype(code) if isinstance(code, str) and len(code) <= 8 else np.dtype("V1")
        if self.dtype.kind not in _NUMBERS:
            raise ValueError("an array of no numbers")

    def build(self, state: Any) -> None:  # (version, byte order, …)
        if isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
            self.dtype = self.dtype.newbyteorder(">")


class _Array:
    """An array as the list of its numbers."""

    def __init__(self, *_: Any) -> None:
        self.numbers: list[Any] = []

    def build(self, state: Any) -> None:  # (version, shape, dtype, Fortran order, bytes)
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes | bytearray):
            raise ValueError("an array of no numbers")
        flat = np.frombuffer(content, dtype.dtype)
        self.numbers = flat.reshape(shape, order="F" if fortran else "C").tolist()


def _scalar(dtype: Any, content: Any = b"") -> Any:
    if not isinstance(dtype, _Dtype) or not isinstance(content, bytes | bytearray):
        raise ValueError("a number without a type")
    return np.frombuffer(content, dtype.dtype, count=1)[0].item()


def _path(*parts: Any) -> str:
    return "/".join(str(part) for part in parts).replace("//", "/")


def _encoded(text: Any, _: Any = None) -> bytes:
    return str(text).encode("latin-1")


def _no_bytes(*_: Any) -> bytes:
    """Pickles of protocol 2 call `bytes` for the empty ones alone."""
    return b""


def _items(values: Any = ()) -> list[Any]:
    return list(values)


def _fresh_table(*_: Any) -> dict[Any, Any]:
    return {}


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_BUILTINS = ("builtins", "__builtin__")
_PATHS = ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")

REPLACED: dict[str, tuple[str, StandIn]] = {
    **{f"{place}.scalar": ("a NumPy number as a number", _scalar) for place in _MULTIARRAY},
    **{f"{place}._reconstruct": ("a NumPy array as a list", _Array) for place in _MULTIARRAY},
    "numpy.dtype": ("", _Dtype),
    "numpy.ndarray": ("", _Array),
    "_codecs.encode": ("", _encoded),
    **{f"{place}.bytes": ("", _no_bytes) for place in _BUILTINS},
    **{f"{place}.{name}": ("a path as text", _path) for place in ("pathlib", "pathlib._local") for name in _PATHS},
    "argparse.Namespace": ("a namespace as a table", Namespace),
    "types.SimpleNamespace": ("a namespace as a table", Namespace),
    "collections.defaultdict": ("a table with a default as a table", _fresh_table),
    "collections.Counter": ("a counter as a table", lambda counts=(): dict(counts)),
    "collections.deque": ("a queue as a list", lambda values=(), _=None: list(values)),
    **{f"{place}.{name}": ("a set as a list", _items) for place in _BUILTINS for name in ("set", "frozenset")},
}  # fmt: skip
"""Name -> what a user is told of it (nothing, for the parts of another), and our function in its place."""

STAND_INS: dict[str, StandIn] = {name: stand_in for name, (_, stand_in) in REPLACED.items()}

_TYPES = frozenset({"builtins.dict", "builtins.list", "builtins.int", "builtins.float", "__builtin__.dict",
                    "__builtin__.list", "__builtin__.int", "__builtin__.float"})  # fmt: skip
"""What a default is made by: named and never called."""


def is_convertible(name: str) -> bool:
    """Whether `convert` has a plain value for a global, or reads it as a part of a pickled network."""
    return is_harmless(name) or name in REPLACED or name in _TYPES or name.startswith(_MODULES)


def listed(value: Any) -> Any:  # any value
    """An array as its numbers; any other value as it is."""
    return value.numbers if isinstance(value, _Array) else value
