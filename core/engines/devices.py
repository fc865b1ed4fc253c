"""Where networks run: a GPU when there is one, else the CPU; found out without torch where it can be.

Owns the choice of the place. Which engine runs there is `choose`'s.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Literal

from core.errors import InferenceError
from core.settings import settings

Place = Literal["cpu", "cuda"]


def choose_device(wanted: str | None = None) -> Place:
    """The place that networks run: the one named, else the setting's, else a GPU when there is one.

    Raises
    ------
    InferenceError : a GPU was named and there is none.
    """
    wanted = wanted or settings().device
    if wanted == "cpu" or (wanted == "auto" and not gpu_is_there()):
        return "cpu"
    if not gpu_is_there():
        raise InferenceError(
            found="A GPU was asked for, and none can be used here.",
            why="Running on another device than the one named would be silent.",
            do="Set READROOM_DEVICE to auto or cpu, or install a torch build and a driver for the GPU.",
        )
    return "cuda"


def gpu_is_there() -> bool:
    """Whether torch can use a GPU. torch, which takes a second to import, is asked only where a driver sees one."""
    if not _driver_sees_one():
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def free_bytes(place: str) -> int:
    """Memory that can still be taken there, that which torch keeps for itself on a GPU included."""
    if place == "cuda":
        import torch

        free, _ = torch.cuda.mem_get_info()
        return int(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())
    import psutil

    return int(psutil.virtual_memory().available)


@cache
def _driver_sees_one() -> bool:
    """What the driver's own library counts; none where it is not installed."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
