"""Bringing a foreign checkpoint onto the shelf: what `python -m core import` and the page do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.models.importing import import_checkpoint
from core.models.model import Model


def import_model(
    path: str | Path,
    *,
    config: str | Path | Mapping[str, Any] | None = None,
    id: str | None = None,  # the word of the command line's --id
    assumed: str | None = None,
) -> Model:
    """The handle of the imported model; arguments and errors are those of `core.models.import_checkpoint`."""
    return import_checkpoint(path, config=config, id=id, assumed=assumed)
