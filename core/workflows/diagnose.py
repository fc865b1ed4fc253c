"""'Why can't I load this?': everything about one checkpoint file, and what to do about it; and making one plain.

Owns the two use cases of the page and of `python -m core why | convert`. The file is read in the isolated worker.
"""

from __future__ import annotations

from pathlib import Path

from core.models.converting import Converted, convert_checkpoint
from core.models.diagnosis import Diagnosis
from core.models.importing import diagnose_checkpoint


def diagnose(path: str | Path) -> Diagnosis:
    """What the file (or MONAI bundle folder) is, whether an import takes it, and why not; nothing is kept.

    Raises
    ------
    CheckpointError : there is nothing at that place. WorkerBreach : opening it ran past the limits of an import.
    """
    return diagnose_checkpoint(path)


def make_plain(path: str | Path, out: str | Path) -> Converted:
    """Write a checkpoint that holds harmless objects as plain weights; errors as `convert_checkpoint`'s."""
    return convert_checkpoint(Path(path), Path(out))
