"""What runs a network. The protocol needs no torch; `core.engines.torch_engine` is imported by name."""

from __future__ import annotations

from core.engines.engine import Batch, Engine, OutOfMemory, Outputs

__all__ = ["Batch", "Engine", "OutOfMemory", "Outputs"]
