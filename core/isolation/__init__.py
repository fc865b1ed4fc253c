"""The worker processes in which everything foreign is opened: limits, watching, answers without code."""

from __future__ import annotations

from core.isolation.limits import Limits
from core.isolation.pool import WorkerPool
from core.isolation.worker import Worker

__all__ = ["Limits", "Worker", "WorkerPool"]
