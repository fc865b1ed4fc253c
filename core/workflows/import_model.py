"""Bringing a foreign checkpoint onto the shelf: what `python -m core import` and the page do."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from core.models.importing import import_checkpoint
from core.models.model import Model
from core.models.naming import plain_id
from core.models.strict_json import parse_json_object
from core.settings import settings


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
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=home) as folder:
        given = Path(name.replace("\\", "/"))
        path = Path(folder) / f"{plain_id(given.stem)}{_plain_ending(given.suffix)}"
        with path.open("wb") as received:
            shutil.copyfileobj(file, received)
        return import_checkpoint(path, config=stated, id=id)


def _plain_ending(suffix: str) -> str:
    return suffix.lower() if suffix[1:].isalnum() and suffix.isascii() else ""
