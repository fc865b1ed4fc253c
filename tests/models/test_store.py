"""The store of imported checkpoints: whole or not there, whatever stops an import."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.models.catalog import list_models, list_unreadable
from core.models.hashing import file_sha256
from core.models.store import CHECKPOINT_NAME, keep, staging, store_root
from core.settings import settings

# Children do file work alone; Python 3.12 and later warn where another test left a thread behind.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

KILLS = int(os.environ.get("READROOM_KILLS", "20"))
SPAN_S = 0.02


@pytest.fixture
def contents(shelve: Callable[..., Path]) -> list[bytes]:
    """Six checkpoints of other weights, as files."""
    return [shelve(f"tiny_v1.0.{seed}", seed=seed).read_bytes() for seed in range(6)]


def test_killed_imports_leave_whole_checkpoints_and_no_listed_rest(
    contents: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """SAFETY 10: what was acknowledged is there, and what was not is there whole or not at all."""
    store_root().mkdir(parents=True)
    draw = random.Random(1)  # noqa: S311 - a test's draw
    acknowledged: set[str] = set()
    rests = 0
    for _ in range(KILLS):
        acknowledged |= _killed(contents, draw)
        kept = {path.name for path in store_root().iterdir() if not path.name.startswith(".")}
        rests += sum(path.name.startswith(".") for path in store_root().iterdir())
        assert acknowledged <= kept
        assert all(file_sha256(store_root() / name / CHECKPOINT_NAME) == name for name in kept)
        assert list_unreadable([store_root()]) == {}
        assert len(list_models([store_root()])) == len(kept)
        if len(kept) == len(contents):
            for name in kept:
                (store_root() / name / CHECKPOINT_NAME).unlink()
                (store_root() / name).rmdir()
            acknowledged.clear()
    with capsys.disabled():
        sys.stdout.write(f"\nimports: killed {KILLS}, rests that no list shows {rests}\n")


def _killed(contents: list[bytes], draw: random.Random) -> set[str]:
    """The addresses that a child was told of before it was killed at a seeded moment."""
    heard, speaks = os.pipe()
    first, while_s = draw.randrange(len(contents)), draw.uniform(0, SPAN_S)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        try:
            os.write(speaks, b"begun\n")
            for content in contents[first:] + contents[:first]:
                with staging() as folder:
                    (folder / CHECKPOINT_NAME).write_bytes(content)
                    os.write(speaks, keep(folder).parent.name.encode() + b"\n")
            time.sleep(60)
        finally:
            os._exit(1)
    os.close(speaks)
    with os.fdopen(heard, "rb") as pipe:
        pipe.readline()
        time.sleep(while_s)
        os.kill(child, signal.SIGKILL)
        told = [line.decode().strip() for line in pipe if line.endswith(b"\n")]
    os.waitpid(child, 0)
    return set(told)


def test_same_content_is_kept_once(contents: list[bytes]) -> None:
    """Its address is its hash."""
    for _ in range(2):
        with staging() as folder:
            (folder / CHECKPOINT_NAME).write_bytes(contents[0])
            place = keep(folder)

    assert [path.name for path in store_root().iterdir()] == [place.parent.name]


def test_what_a_killed_import_left_goes_with_a_later_one(home: Path) -> None:
    """Gigabytes that nothing lists would stay for ever; one that may still run is left alone."""
    old, running = store_root() / ".staging-old", store_root() / ".staging-running"
    old.mkdir(parents=True), running.mkdir()
    long_ago = time.time() - 2 * settings().import_wall_s - 60
    os.utime(old, (long_ago, long_ago))

    with staging():
        pass

    assert not old.exists()
    assert running.exists()
