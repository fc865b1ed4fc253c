"""Bringing a foreign checkpoint onto the shelf: what `python -m core import` and the page do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from core.models.importing import import_checkpoint
from core.models.model import Model
from core.models.strict_json import parse_json_object
from core.workflows.received_file import received_file


def import_model(
    path: str | Path,
    *,
    config: str | Path | Mapping[str, Any] | None = None,
    id: str | None = None,  # the word of the command line's --id
    assumed: str | None = None,
) -> Model:
    """The handle of the imported model; arguments and errors are those of `core.models.import_checkpoint`."""
    return import_checkpoint(path, config=config, id=id, assumed=assumed)


def import_upload(name: str, file: IO[bytes], *, config: bytes | None = None, id: str | None = None) -> Model:
    """The handle of a model that came through the browser; its bytes are gone from where they were received.

    name : what the browser calls the file; only letters, digits and its ending are kept of it. config : what is stated
    beside the file, as JSON. Raises like `import_model`.
    """
    stated = None if config is None else parse_json_object(config, "The configuration")
    with received_file(name, file) as path:
        return import_checkpoint(path, config=stated, id=id)
