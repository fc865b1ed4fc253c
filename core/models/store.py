"""The content-addressed store of imported checkpoints: `store/<sha256 of the file>/model.safetensors`.

Owns where they lie. A folder is filled under a temporary name and renamed, so what is there is whole.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.models.atomic import sync_folder
from core.models.hashing import file_sha256
from core.settings import settings

CHECKPOINT_NAME = "model.safetensors"

_STAGING = ".staging-"


def store_root() -> Path:
    """The store of this installation; it may not exist yet."""
    return settings().home / "store"


@contextmanager
def staging() -> Iterator[Path]:
    """An empty folder inside the store, gone afterwards; its name begins with a dot, so no listing sees it."""
    _clear_killed()
    folder = store_root() / f"{_STAGING}{secrets.token_hex(8)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(staged: Path) -> Path:
    """Move a staged folder with a finished checkpoint to its address; returns the checkpoint's path there.

    The same content twice is kept once.
    """
    address = store_root() / file_sha256(staged / CHECKPOINT_NAME)
    if not address.exists():
        staged.rename(address)
        sync_folder(address.parent)
    return address / CHECKPOINT_NAME


def _clear_killed() -> None:
    """Delete what imports left that were killed: folders that are older than any import may run."""
    oldest = time.time() - 2 * settings().import_wall_s
    for folder in store_root().glob(f"{_STAGING}*"):
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
