"""Names of models on disk: the id that a file's place gives, and what an id may look like."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import ConfigError

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Safe as a file name, in a URL and in a table cell."""

_NAMELESS = frozenset({"model", "best", "best_model", "last", "last_model", "checkpoint", "weights"})
"""File names that say nothing: the folder's name is the model's."""


def lies_under(path: Path) -> str:
    """The id of a checkpoint by its place: the file's name, or its folder's where the file's says nothing."""
    return path.parent.name if path.stem in _NAMELESS else path.stem


def require_id(model_id: str) -> str:
    """The id itself; raises ConfigError where it has other characters than letters, digits, `.`, `_` and `-`."""
    if not ID_PATTERN.fullmatch(model_id):
        raise ConfigError(
            found=f"The id {model_id[:100]!r} is not usable.",
            why="An id becomes a file name and a part of links.",
            do="Use 1 to 100 letters, digits, dots, underscores and hyphens, for instance chest_resnet18_v1.0.0.",
        )
    return model_id


def plain_id(text: str) -> str:
    """An id made from any text: other characters become underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:100] or "model"
