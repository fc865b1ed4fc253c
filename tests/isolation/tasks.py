"""Tasks that misbehave, each in its own way; run in the worker by the tests beside."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Choice, ChoiceNeeded, GeometryError

Answer = tuple[dict[str, Any], dict[str, Any]]


def _echo(request: dict[str, Any], scratch: Path) -> Answer:
    return {"said": request, "pid": os.getpid(), "scratch": str(scratch)}, {"ramp": np.arange(6.0).reshape(2, 3).T}


def _refuse(_request: dict[str, Any], _scratch: Path) -> Answer:
    raise GeometryError(found="A.", why="B.", do="C.")


def _choose(_request: dict[str, Any], _scratch: Path) -> Answer:
    raise ChoiceNeeded(found="A.", why="B.", do="C.", choices=(Choice("series-1", "one"), Choice("series-2", "two")))


def _fail(_request: dict[str, Any], _scratch: Path) -> Answer:
    raise KeyError("DOE^JOHN")


def _die(_request: dict[str, Any], _scratch: Path) -> Answer:
    os.kill(os.getpid(), 11)
    return {}, {}


def _sleep(request: dict[str, Any], _scratch: Path) -> Answer:
    time.sleep(request["seconds"])
    return {"pid": os.getpid()}, {}


def _spin(_request: dict[str, Any], _scratch: Path) -> Answer:
    while True:
        pass


def _swell(request: dict[str, Any], _scratch: Path) -> Answer:
    blocks = [np.ones(1 << 17) for _ in range(request["mib"])]
    time.sleep(0.3)
    return {"blocks": len(blocks), "pid": os.getpid()}, {}


def _many_files(_request: dict[str, Any], scratch: Path) -> Answer:
    kept = []
    for number in range(100_000):
        kept.append((scratch / str(number)).open("w"))
    return {"files": len(kept)}, {}


def _large_file(request: dict[str, Any], scratch: Path) -> Answer:
    (scratch / "large").write_bytes(bytes(request["mib"] << 20))
    return {}, {}


def _connect(_request: dict[str, Any], _scratch: Path) -> Answer:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except PermissionError:
        return {"reached": False, "guarded": True}, {}
    except OSError:
        return {"reached": False, "guarded": False}, {}
    return {"reached": True}, {}


def _print(_request: dict[str, Any], _scratch: Path) -> Answer:
    print("spoken by a decoder" * 1000)  # noqa: T201
    os.write(1, b"\xff" * 100)
    sys.stderr.write("more")
    return {"ok": True}, {}


def _no_number(_request: dict[str, Any], _scratch: Path) -> Answer:
    return {"window": float("nan")}, {}


def _exit(_request: dict[str, Any], _scratch: Path) -> Answer:
    os._exit(0)


def _garbage(_request: dict[str, Any], _scratch: Path) -> Answer:
    """What a decoder that was taken over could do: speak into the answers itself."""
    for descriptor in range(3, 32):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\xff" * 4096)
    return {}, {}


def _modules(_request: dict[str, Any], _scratch: Path) -> Answer:
    names = {"torch", "monai", "streamlit"} & set(sys.modules)
    return {"loaded": sorted(names), "threads": threading.active_count()}, {}


TABLE = {
    name.removeprefix("_"): task
    for name, task in globals().copy().items()
    if name.startswith("_") and callable(task) and not name.startswith("__")
}
