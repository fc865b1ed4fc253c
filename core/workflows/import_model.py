"""Bringing a foreign checkpoint onto the shelf: what `python -m core import` and the page do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from core.models.config import CONFIG_NAME
from core.models.importing import import_checkpoint
from core.models.model import Model
from core.registry.noting import IMPORTED, note
from core.workflows.received_file import received_file


def import_model(
    path: str | Path,
    *,
    config: str | Path | Mapping[str, Any] | None = None,
    id: str | None = None,  # the word of the command line's --id
    assumed: str | None = None,
) -> Model:
    """The handle of the imported model; arguments and errors are those of `core.models.import_checkpoint`.

    The history says that it came; RegistryError where that cannot be written.
    """
    return _noted(import_checkpoint(path, config=config, id=id, assumed=assumed), None)


def import_upload(
    name: str, file: IO[bytes], *, config: IO[bytes] | None = None, id: str | None = None, actor: str | None = None
) -> Model:
    """The handle of a model that came through the browser; its bytes are gone from where they were received.

    name : what the browser calls the file; only letters, digits and its ending are kept of it. config : what is stated
    beside the file, as JSON. actor : who brings it. Raises like `import_model`.
    """
    with ExitStack() as passing:
        path = passing.enter_context(received_file(name, file))
        stated = None if config is None else passing.enter_context(received_file(CONFIG_NAME, config))
        return _noted(import_checkpoint(path, config=stated, id=id), actor)


def _noted(model: Model, actor: str | None) -> Model:
    note(IMPORTED, model.id, after=model.file_sha256, who=actor)
    return model
