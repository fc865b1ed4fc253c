"""The libraries that run networks, imported once and by one thread at a time, and only those that a run will need.

Two threads that import MONAI at once can lock each other out, and one of them then fails. So whoever runs a
network in a thread of its own asks for them here first.
"""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections.abc import Iterable

from core.engines.choose import runs_on_torch
from core.errors import NotInstalled
from core.models.model import Model

ALWAYS = ("core.workflows.predict", "core.inference.heat")
TORCHS = ("torchvision.models", "monai.networks.nets", "core.engines.torch_engine", "core.inference.explain")
"""Seconds, all together, and most of a gigabyte: imported where a model runs on torch, and not before."""

_importing = threading.Lock()


def require_libraries(models: Iterable[Model], engine: str | None = None) -> None:
    """Return once everything that runs these models is imported.

    engine : what runs them on the CPU, in the place of the setting.

    Raises
    ------
    NotInstalled : a model needs torch, and this is the light installation.
    """
    names = (*ALWAYS, *(TORCHS if any(runs_on_torch(model, engine) for model in models) else ()))
    with _importing:
        new = [name for name in names if name not in sys.modules]
        try:
            for name in names:
                importlib.import_module(name)
        except ImportError as fault:
            absent = NotInstalled.told_by(fault)
            if absent is None:
                raise
            raise absent from fault
        if new:
            leave_out_of_collections()


def leave_out_of_collections() -> None:
    """Let the garbage collector pass over everything that is there now.

    The libraries' million objects stay for good. Frozen, they are left out, so that a collection is short and comes
    often enough for a page's large arrays to go.
    """
    gc.collect()
    gc.freeze()
