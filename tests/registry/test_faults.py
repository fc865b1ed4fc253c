"""Faults of signing, backing up and restoring: killed, no room, read-only; each says so and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

TIMES = int(os.environ.get("READROOM_KILLS", "20"))


def _python(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, *(str(argument) for argument in arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", ["sign", "backup"])
def test_killed_at_any_moment_the_last_whole_one_is_there(what: str, tmp_path: Path) -> None:
    """A half signature would refuse a sound model, a half backup would be found on the day it is needed."""
    done = _python(Path(__file__).with_name("killed.py"), what, tmp_path, TIMES, 20)

    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    print(what, counts)  # noqa: T201  # shown with -s
    assert counts["whole"] == TIMES
    assert counts["killed"] > 0


SMALL_DISK = """
mount -t tmpfs -o size={size} none disk && exec {python} - <<'PY'
from pathlib import Path
from core.errors import ReadroomError
from core.registry.backup import restore, write_backup
from core.registry.signing import make_keys, sign
{before}
for work in {works}:
    try:
        work()
    except ReadroomError as error:
        print(error)
print(sorted(str(p) for p in Path("disk").rglob("*")))
PY
"""
"""Several works on one small disk, each refusal on a line of its own; last what lies there afterwards."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A shelf of 3 MB with a key, a backup of it, and a folder on which a disk of its own is mounted."""
    from core.registry.backup import write_backup
    from core.registry.signing import make_keys

    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount a disk of his own")
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "weights").write_bytes(os.urandom(3_000_000))
    make_keys(tmp_path / "keys")
    write_backup(tmp_path / "lab.zip", {"shelf": tmp_path / "shelf"})
    (tmp_path / "disk").mkdir()
    return tmp_path


BACKUP = "lambda: write_backup(Path('disk/lab.zip'), {'shelf': Path('shelf')})"
RESTORE = "lambda: restore(Path('lab.zip'), Path('disk/there'))"
SIGN = "lambda: sign(Path('disk/model'), Path('keys/private-key.pem'))"
MAKE_KEYS = "lambda: make_keys(Path('disk/keys'))"


def _on_disk(place: Path, *works: str, size: str, before: str = "") -> list[str]:
    listed = f"[{', '.join(works)}]"
    script = SMALL_DISK.format(size=size, python=sys.executable, works=listed, before=before)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = ["unshare", "-rm", "bash", "-c", script]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_told_and_leaves_nothing_half(place: Path) -> None:
    """Backup and restore of 3 MB on a disk of 1 MiB."""
    assert _on_disk(place, BACKUP, RESTORE, size="1M") == [
        "The backup cannot be written: no space left on device. Nothing was left at its place, and what it is to save "
        "is as it was. Make room, or name a place that can be written, and try again.",
        "The backup holds 3 MiB, and 1 MiB are free. Half of a shelf is none. Make room, or name a folder on another "
        "disk.",
        "['disk/there']",
    ]


def test_a_full_disk_leaves_no_half_signature_and_no_half_key(place: Path) -> None:
    """A page of memory is what the disk has; the model fills it."""
    fill = "Path('disk/model').mkdir(); Path('disk/model/w').write_bytes(b'w' * 4096)"

    signed, keys, left = _on_disk(place, SIGN, MAKE_KEYS, size="4k", before=fill)

    assert signed == (
        "The signature cannot be written: no space left on device. Nothing was changed. Make room or ask for the right "
        "to write there, then try again."
    )
    assert keys.startswith("The keys cannot be written: no space left on device.")
    assert left == "['disk/keys', 'disk/model', 'disk/model/w']"


def test_a_read_only_folder_is_told(place: Path) -> None:
    """The disk of a server that fails is mounted so."""
    before = (
        "import subprocess; Path('disk/model').mkdir(); Path('disk/model/w').write_bytes(b'w'); "
        "subprocess.run(['mount', '-o', 'remount,ro', 'disk'], check=True)"
    )

    *said, left = _on_disk(place, BACKUP, RESTORE, MAKE_KEYS, SIGN, size="1M", before=before)

    assert [line.split(":")[0] for line in said] == [
        "The backup cannot be written",
        "The backup cannot be restored",
        "The keys cannot be written",
        "The signature cannot be written",
    ]
    assert all("read-only file system" in line for line in said)
    assert left == "['disk/model', 'disk/model/w']"
