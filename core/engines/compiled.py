"""Compiled networks, kept from one start of the program to the next: compiling takes most of a cold start.

Owns the file. It lies in the data folder under the weights' hash and nowhere else, is never imported, exported or
looked for beside a checkpoint, and begins with what made it and its own checksum: where either differs, the network
is compiled anew and the file replaced. So there is one for each model that was used, about as large as its weights.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from core.models.atomic import write_atomically
from core.models.model import Model
from core.settings import settings


@dataclass(frozen=True, slots=True)
class Compiled:
    """Where a model's graph is kept as one runtime compiled it. graph_sha256 : of the graph that was compiled."""

    path: Path
    graph_sha256: str

    @classmethod
    def of(cls, model: Model, graph_sha256: str, runtime: str) -> Compiled:
        """The place for a model; weights are part of what is compiled, so it lies under their hash."""
        return cls(settings().home / "engines" / model.weights_sha256 / f"{runtime}.compiled", graph_sha256)

    def read(self, made_by: str) -> bytes | None:
        """What was kept, if the same graph was compiled by the same and not a bit has changed since; else None.

        made_by : all that shapes the result: the runtime's version, its settings, the processor.
        """
        try:
            with self.path.open("rb") as file:
                head, content = file.readline(4096), file.read()
        except OSError:
            return None
        return content if head == self._head(made_by, content) else None

    def write(self, made_by: str, content: bytes) -> None:
        """Keep it, in the place of what was there; where the folder cannot be written, the next start compiles."""
        with contextlib.suppress(OSError):
            write_atomically(self.path, self._head(made_by, content) + content)

    def _head(self, made_by: str, content: bytes) -> bytes:
        facts = {
            "graph_sha256": self.graph_sha256,
            "made_by": made_by,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return json.dumps(facts).encode() + b"\n"
