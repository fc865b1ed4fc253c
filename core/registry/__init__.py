"""The shelf's memory: who did what to which model, which stage and names it has, and S5's records of models and slices.

What lies on disk is `core.models.catalog`'s; the registry adds history, stages and names to it and keeps no second
list. Truth is the event log; the tables beside it can be made anew from it at any time.
"""

from core.registry.model_service import ModelService
from core.registry.slice_service import SliceService

__all__ = ["ModelService", "SliceService"]
