"""Opening a study: the only way in for what a user brings.

Owns the workers in which files are read. How they are read is told in `core.studies`.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from core.isolation import Limits, WorkerPool
from core.settings import settings
from core.studies import Study, study_from_parts
from core.studies.pseudonyms import CopyTo


def open_study(
    paths: Sequence[Path], *, series: str | None = None, volume: int | None = None, copy: CopyTo | None = None
) -> Study:
    """The one study that the files hold, read in the isolated worker.

    Parameters and errors are those of `core.studies.read_study`; besides

    Raises
    ------
    WorkerBreach : reading ran past a limit or crashed.
    """
    request: dict[str, Any] = {"files": [str(path.absolute()) for path in paths], "series": series, "volume": volume}
    if copy is not None:
        request["copy"] = {
            "folder": str(copy.folder.absolute()),
            "key": copy.names.key.hex(),
            "keep_uids": copy.names.keep_uids,
        }
    facts, arrays = reading_workers().call("read", request)
    return study_from_parts(facts, arrays)


def group_uploads(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """The files sorted into studies, each to be opened by itself; in the order given.

    Raises
    ------
    StudyError, WorkerBreach
    """
    paths = list(paths)
    facts, _ = reading_workers().call("group", {"files": [str(path.absolute()) for path in paths]})
    return [tuple(paths[number] for number in group["files"]) for group in facts["groups"]]


def unpack_upload(archive: Path, folder: Path) -> list[tuple[str, Path]]:
    """The files of a zip, unpacked into `folder`, which is made: each one's name in the zip, and where it lies now.

    Raises
    ------
    StudyError, WorkerBreach
    """
    facts, _ = reading_workers().call("unpack", {"archive": str(archive.absolute()), "folder": str(folder.absolute())})
    return [(str(member["name"]), folder / str(member["place"])) for member in facts["members"]]


@cache
def reading_workers() -> WorkerPool:
    """The decoder workers of this process."""
    limits = settings()
    workers = WorkerPool(
        "core.workflows._reading:TABLE",
        Limits(memory_mib=limits.worker_memory_mib, cpu_s=limits.worker_cpu_s, wall_s=limits.worker_wall_s),
        limits.workers,
    )
    atexit.register(workers.close)
    return workers
