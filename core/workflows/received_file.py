"""A checkpoint that came through the browser, on disk for as long as it is read.

Owns its passing place and its name there. What is asked of it is the workflows' that take it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.models.naming import plain_id
from core.settings import settings


@contextmanager
def received_file(name: str, file: IO[bytes]) -> Iterator[Path]:
    """The file below the data folder; gone with the block. Only letters, digits and the ending of its name are kept."""
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".received-", dir=home) as folder:
        given = Path(name.replace("\\", "/"))
        path = Path(folder) / f"{plain_id(given.stem)}{_plain_ending(given.suffix)}"
        with path.open("wb") as out:
            shutil.copyfileobj(file, out)
        yield path


def _plain_ending(suffix: str) -> str:
    return suffix.lower() if suffix[1:].isalnum() and suffix.isascii() else ""
