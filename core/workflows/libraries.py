"""The network libraries, imported once and by one thread at a time.

Two threads that import MONAI at once can lock each other out, and one of them then fails. So whoever runs a
network in a thread of its own asks for them here first.
"""

from __future__ import annotations

import importlib
import threading

SLOW_IMPORTS = ("torchvision.models", "monai.networks.nets", "core.workflows.predict")
"""Seconds, all together: done at the start of the server, and waited for by a run that comes sooner."""

_importing = threading.Lock()


def require_libraries() -> None:
    """Return once everything that runs a network is imported."""
    with _importing:
        for name in SLOW_IMPORTS:
            importlib.import_module(name)
