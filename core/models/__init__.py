"""What a model is: configuration, architectures, checkpoints, import, store, catalogue and card.

Names are fetched when they are first asked for, so that listing models imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.models.architectures import Task
    from core.models.architectures._multitask_net import create_multi_task_model
    from core.models.building import build_model, build_network
    from core.models.card import Card, Metric
    from core.models.catalog import get_model, list_models
    from core.models.checkpoint import load_model_with_config, save_model_with_config
    from core.models.config import ModelConfig
    from core.models.hashing import file_sha256, weights_sha256
    from core.models.importing import import_checkpoint, open_checkpoint
    from core.models.input_spec import InputSpec
    from core.models.loading import load_network
    from core.models.model import Model

_HOME = {
    "Card": "card",
    "InputSpec": "input_spec",
    "Metric": "card",
    "Model": "model",
    "ModelConfig": "config",
    "Task": "architectures",
    "build_model": "building",
    "build_network": "building",
    "create_multi_task_model": "architectures._multitask_net",
    "file_sha256": "hashing",
    "get_model": "catalog",
    "import_checkpoint": "importing",
    "list_models": "catalog",
    "load_model_with_config": "checkpoint",
    "load_network": "loading",
    "open_checkpoint": "importing",
    "save_model_with_config": "checkpoint",
    "weights_sha256": "hashing",
}

__all__ = [
    "Card",
    "InputSpec",
    "Metric",
    "Model",
    "ModelConfig",
    "Task",
    "build_model",
    "build_network",
    "create_multi_task_model",
    "file_sha256",
    "get_model",
    "import_checkpoint",
    "list_models",
    "load_model_with_config",
    "load_network",
    "open_checkpoint",
    "save_model_with_config",
    "weights_sha256",
]


def __getattr__(name: str) -> Any:  # one of the names above, or an AttributeError
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
