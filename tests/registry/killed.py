"""Work that is killed at seeded moments: `python killed.py sign|backup FOLDER TIMES SEED`, in a process of its own.

Forks a child for each trial, kills it with SIGKILL at a drawn moment of the work's own length, and looks at what is
there. Prints counts as one JSON object. A process that has started no thread may fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import model_signing  # noqa: F401  # here once, and not in each child

from core.errors import BackupError
from core.models.signatures import SignatureState, check_signature
from core.registry.backup import read_manifest, restore, write_backup
from core.registry.signing import make_keys, sign

BYTES = 1_000_000


def main() -> None:
    what, folder, times, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    work, look = {"sign": _signing, "backup": _backing_up}[what](folder)
    began = time.perf_counter()
    _in_child(work, None)
    length = time.perf_counter() - began
    draw, counts = random.Random(seed), Counter[str]()  # noqa: S311
    for _ in range(times):
        counts["killed" if _in_child(work, draw.uniform(0, length)) else "ended before"] += 1
        counts[look()] += 1
    print(json.dumps(counts))  # noqa: T201  # what the caller reads


def _in_child(work: Callable[[], object], after_s: float | None) -> bool:
    """Whether the child was killed before its work was done."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _fill(folder: Path) -> dict[str, Path]:
    for word in ("shelf", "store"):
        for number in range(4):
            place = folder / word / f"m{number}" / "model.safetensors"
            place.parent.mkdir(parents=True)
            place.write_bytes(random.Random(number).randbytes(BYTES))  # noqa: S311
    return {word: folder / word for word in ("shelf", "store")}


def _signing(folder: Path) -> tuple[Callable[[], object], Callable[[], str]]:
    """The signature of a folder, made anew again and again: the old one or the new one holds, always."""
    subject, keys = _fill(folder)["shelf"], make_keys(folder / "keys")

    def look() -> str:
        check = check_signature(subject, keys.public)
        return "whole" if check.state is SignatureState.VERIFIED else f"broken: {check.sentence()}"

    return lambda: sign(subject, keys.private), look


def _backing_up(folder: Path) -> tuple[Callable[[], object], Callable[[], str]]:
    """An archive that is replaced again and again, of a shelf that grew: the old one or the new one is whole."""
    roots, path = _fill(folder), folder / "lab.zip"
    trial = iter(range(1_000_000))

    def look() -> str:
        try:
            read_manifest(path)
            restore(path, folder / f"there{next(trial) % 2}", force=True)
        except BackupError as error:
            return f"broken: {error}"
        return "whole"

    return lambda: write_backup(path, roots), look


if __name__ == "__main__":
    main()
