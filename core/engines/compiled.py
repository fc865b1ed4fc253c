"""Compiled networks, kept from one start of the program to the next: compiling takes most of a cold start.

Owns the file. It lies in the data folder under the weights' hash and nowhere else, is never imported, exported or
looked for beside a checkpoint, and begins with what made it and its own checksum: where either differs, the network
is compiled anew and the file replaced. So there is one for each model that was used, about as large as its weights.
The checksum notices damage, not intent: whoever can write to the data folder is trusted, as with all that lies there.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO

from core.models.atomic import write_atomically
from core.settings import settings


class Compiled:
    """The place of one runtime's compiled network of a model's graph, and what this start did with it.

    weights_sha256, graph_sha256 : of what was compiled. kept : False where nothing is read or written.
    """

    def __init__(self, weights_sha256: str, graph_sha256: str, runtime: str, *, kept: bool = True) -> None:
        self.path = _folder() / weights_sha256 / f"{runtime}.compiled"
        self.was_read = False
        self._of = {"weights_sha256": weights_sha256, "graph_sha256": graph_sha256}
        self._kept = kept
        self._offered: tuple[str, Callable[[IO[bytes]], None]] | None = None

    def read(self, made_by: str) -> bytes | None:
        """What was kept, if the same was compiled by the same and not a bit has changed since; else None.

        made_by : all that shapes the result: the runtime's version, its settings, the processor.
        """
        if not self._kept:
            return None
        try:
            with self.path.open("rb") as file:
                head, content = file.readline(4096), file.read()
        except OSError:
            return None
        self.was_read = head == self._head(made_by, content)
        return content if self.was_read else None

    def offer(self, made_by: str, export: Callable[[IO[bytes]], None]) -> None:
        """What was compiled just now; `export` writes it, when the network has shown that it answers rightly."""
        self._offered = made_by, export

    def keep(self) -> None:
        """Write what was offered, in the place of what was there; where that fails, the next start compiles."""
        offered, self._offered = self._offered, None
        if offered is None or not self._kept:
            return
        made_by, export = offered
        content = io.BytesIO()
        with contextlib.suppress(OSError, RuntimeError, MemoryError):  # RuntimeError: a runtime that exports nothing
            export(content)
            head = self._head(made_by, content.getbuffer())

            def write(file: IO[bytes]) -> None:
                file.write(head)
                file.write(content.getbuffer())

            write_atomically(self.path, write)

    def drop(self) -> None:
        """Take it away."""
        self.was_read = False
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _head(self, made_by: str, content: bytes | memoryview) -> bytes:
        facts = {**self._of, "made_by": made_by, "sha256": hashlib.sha256(content).hexdigest()}
        return json.dumps(facts).encode() + b"\n"


def drop_all_but(weights_sha256: Collection[str]) -> None:
    """Take away what was compiled of other weights than these, and what a killed process left half written."""
    with contextlib.suppress(OSError):
        for folder in _folder().iterdir():
            for file in [*folder.glob("*.compiled"), *folder.glob(".*.compiled.*.part")]:
                if folder.name not in weights_sha256 or file.suffix == ".part":
                    file.unlink(missing_ok=True)


def _folder() -> Path:
    return settings().home / "engines"
