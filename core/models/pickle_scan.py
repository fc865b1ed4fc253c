"""Which globals a pickle would import, read off its instructions without running any.

Owns naming them for a refusal. The guard itself is torch's weights-only loader in the worker; this list is
stricter than that loader, and is looked at first.
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from pathlib import Path
from typing import IO

from core.models.pickle_reader import read_pickle
from core.models.sniffing import Container

HARMLESS = frozenset({
    "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size",
    "torch.device", "_codecs.encode", *(f"{core}.multiarray.scalar" for core in ("numpy.core", "numpy._core")),
    "numpy.dtype",
})  # fmt: skip
"""Names that stand for tensors, sizes and NumPy's single numbers, and nothing else."""

_TENSOR_TYPES = re.compile(
    r"torch\.(\w+Storage|storage\.UntypedStorage|float\d*|bfloat16|half|double|u?int\d*|long|short|bool)"
)

LEGACY_PARTS = 5
"""A legacy file is five pickles (magic number, protocol, system, content, storage keys), then raw numbers."""

MAX_INSTRUCTIONS = 64 * 2**20
"""Bytes of a zip file's pickle: 20,000 tensors take about 3 MiB; the numbers themselves lie beside it."""


def unwanted_globals(path: Path, container: Container) -> tuple[str, ...]:
    """The globals that a PyTorch file asks for and weights do not need, sorted; empty for weights.

    Raises
    ------
    ValueError : the instructions are damaged.
    """
    program = container is Container.TORCHSCRIPT
    wanted = _globals_in(path, container)
    return tuple(sorted(name for name in wanted if not is_harmless(name) and not (program and is_of_program(name))))


def every_global(path: Path, container: Container | None) -> tuple[str, ...]:
    """All the globals that a file asks for, sorted; what can be read of them where the instructions are damaged.

    container : None for a pickle that is a file by itself.
    """
    found: set[str] = set()
    broken = (ValueError, LookupError, OSError, StopIteration, RuntimeError, MemoryError, zipfile.BadZipFile)
    with contextlib.suppress(*broken):  # joblib keeps arrays between its instructions: what stands before is told
        _collect(path, container, found)
    return tuple(sorted(found))


def _globals_in(path: Path, container: Container) -> set[str]:
    wanted: set[str] = set()
    _collect(path, container, wanted)
    return wanted


def _collect(path: Path, container: Container | None, wanted: set[str]) -> None:
    if container in (Container.TORCH_ZIP, Container.TORCHSCRIPT):
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.partition("/")[2] == "data.pkl")
            if archive.getinfo(name).file_size > MAX_INSTRUCTIONS:
                raise ValueError("more instructions than any table of weights needs")
            read_pickle(io.BytesIO(archive.read(name)), {}, wanted)
    elif container is Container.TORCH_LEGACY:
        with path.open("rb") as file:
            for _ in range(LEGACY_PARTS):
                read_pickle(file, {}, wanted)
    elif container is None:
        with path.open("rb") as file:
            read_pickle(file, {}, wanted)


def is_harmless(name: str) -> bool:
    """Whether a global stands for tensors, sizes or numbers only."""
    return name in HARMLESS or _TENSOR_TYPES.fullmatch(name) is not None


def is_of_program(name: str) -> bool:
    """Whether a global is a class of a TorchScript program, or one of its own lists: data, where no program is run."""
    return name.startswith(("__torch__.", "torch.jit._pickle."))


def globals_of(stream: IO[bytes]) -> set[str]:
    """`module.name` of everything that one pickle would import; the stream stands behind it afterwards.

    Names that the pickle computes instead of writing them down are told as `an unreadable name`.

    Raises
    ------
    ValueError : the instructions are damaged.
    """
    found: set[str] = set()
    read_pickle(stream, {}, found)
    return found
