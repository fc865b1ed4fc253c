"""What idle owners left is deleted: by age alone, so a restart takes nothing that is still in use."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

from core.settings import settings
from core.workspace.owner import owners_folder

log = logging.getLogger(__name__)

HOUR_S = 3600.0


def sweep_expired() -> int:
    """Delete every owner's folder that was idle longer than the setting allows; how many went."""
    gone = 0
    oldest = time.time() - settings().idle_hours * HOUR_S
    for folder in owners_folder().glob("*"):
        if folder.name.endswith(".gone"):  # a deletion that was cut off
            shutil.rmtree(folder, ignore_errors=True)
        elif _last_used(folder) < oldest:
            doomed = folder.with_name(f".{folder.name}.gone")
            folder.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
            gone += 1
    if gone:
        log.info("%d idle folders deleted", gone)
    return gone


def _last_used(folder: Path) -> float:
    stamp = folder / "touched"
    return (stamp if stamp.exists() else folder).stat().st_mtime
