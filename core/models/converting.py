"""A checkpoint with harmless objects in it, written anew as plain weights; the file itself is left alone.

Owns the way there: a process of its own for this one file, locked down like the importer's and closed afterwards.
Never part of an import, and never done in a process that serves anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.isolation import Limits, Worker
from core.models.atomic import write_atomically
from core.models.store import staging
from core.settings import settings

TABLE = "core.models._plain_task:TABLE"


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written. replaced, dropped : in words; tensors : how many there are."""

    path: Path
    tensors: int
    replaced: tuple[str, ...]
    dropped: tuple[str, ...]


def convert_checkpoint(path: Path, out: Path) -> Converted:
    """Write a PyTorch checkpoint as plain tensors, numbers and text to `out`.

    Raises
    ------
    CheckpointError : it is no PyTorch file, is damaged, or asks for what has no plain value.
    WorkerBreach : reading it ran past the limits of an import.
    """
    limits = settings()
    worker = Worker(
        TABLE,
        Limits(
            memory_mib=limits.import_memory_mib,
            cpu_s=limits.import_wall_s,
            wall_s=limits.import_wall_s,
            file_mib=limits.checkpoint_mib + 64,
        ),
    )
    try:
        with staging() as folder:
            written = folder / "plain.pth"
            answer, _ = worker.call("plain", {"path": str(path.absolute()), "out": str(written)})
            content = written.read_bytes()
    finally:
        worker.close()
    write_atomically(out, content)
    return Converted(out, int(answer["tensors"]), tuple(answer["replaced"]), tuple(answer["dropped"]))
