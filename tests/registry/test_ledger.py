"""What may befall the registry: killed writers, two at once, torn lines, a full disk, a read-only folder, bad tables.

Forty moments of `faults` run here; `make faults` runs two hundred and prints the counts.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import RegistryError
from core.registry import ModelService
from core.registry.event import Place
from core.registry.ledger import Ledger
from core.registry.model_pages import MOST

from .faults import run

# Children do file work alone; Python 3.12 and later warn where another test left a thread behind.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

REPOSITORY = Path(__file__).resolve().parents[2]
MOMENTS, SEED = 40, 7
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder for this test's own files below it
EACH = 25


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a kill looks the same there, and flushing costs nothing."""
    if not os.access(SHARED_MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY, prefix="readroom-") as folder:
        yield Path(folder)


@pytest.fixture
def ledger(quick: Path) -> Ledger:
    return Ledger(quick / "registry")


@pytest.fixture
def service(ledger: Ledger) -> ModelService:
    return ModelService("ada", ledger)


def names(service: ModelService) -> list[str]:
    """Every model's name, oldest first."""
    return [model.name for model in service.get_models("d")[0]][::-1]


def in_a_child(work: Callable[[], None]) -> int:
    """Do `work` in a process of its own, without root's rights; how many complaints it had."""
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        code = 1
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the child must never come back into pytest
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SAFETY 10: after SIGKILL at any moment the shelf opens, whole, and rebuilding gives the same tables."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.registry.faults", "--moments", str(MOMENTS), "--seed", str(SEED)],
        cwd=REPOSITORY, env=os.environ | {"TMPDIR": str(quick)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"writers killed: {MOMENTS}" in done.stdout


def test_two_processes_that_write_at_once_lose_nothing(ledger: Ledger) -> None:
    """A page and a command line on one shelf."""
    ModelService("main", ledger).create_model("d", "first")
    children = []
    for name in ("one", "two"):
        child = os.fork()
        if child == 0:  # pragma: no cover - the child
            try:
                for number in range(EACH):
                    ModelService(name, ledger).create_model("d", f"{name} {number}")
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)

    assert ledger.check() == 1 + 2 * EACH
    found = names(ModelService("main", ledger))[-MOST:]
    for name in ("one", "two"):
        assert [one for one in found if one.startswith(name)] == [f"{name} {n}" for n in range(EACH)][-len(found) :]


def test_line_cut_off_anywhere_is_set_aside_and_never_read(service: ModelService, ledger: Ledger) -> None:
    """A power cut leaves any part of the last line: it was not acknowledged, so it does not count."""
    service.create_model("d", "kept")
    whole = ledger.log.path.read_bytes()
    service.create_model("d", "cut off")
    last = ledger.log.path.read_bytes()[len(whole) :]

    for cut in range(1, len(last), 97):
        ledger.log.path.write_bytes(whole + last[:cut])
        ledger.index_path.unlink()
        assert names(service) == ["kept"]
    service.create_model("d", "next")

    assert names(service) == ["kept", "next"]
    assert ledger.check() == 2
    assert ledger.log.torn.read_bytes().rstrip(b"\n") == last[:cut]


@pytest.mark.parametrize("how", ["garbage", "emptied", "cut", "one page", "removed", "other schema"])
def test_damaged_tables_are_made_anew(service: ModelService, ledger: Ledger, how: str) -> None:
    """They are no truth: whatever happens to them, the answers stay the same."""
    for number in range(40):
        service.create_model("d", f"model {number}", meta={"filling": "x" * 500})
    before = names(service)
    content = bytearray(ledger.index_path.read_bytes())
    if how == "other schema":
        content[60:64] = (99).to_bytes(4, "big")
    elif how == "one page":
        page = 4096 * random.Random(3).randrange(1, len(content) // 4096)  # noqa: S311 - a test's draw
        content[page : page + 4096] = random.Random(4).randbytes(4096)  # noqa: S311
    made = {"garbage": b"no database at all" * 500, "emptied": b"", "cut": bytes(content[: len(content) // 2])}
    if how == "removed":
        ledger.index_path.unlink()
    else:
        ledger.index_path.write_bytes(made.get(how, bytes(content)))

    if how == "one page":  # SQLite sees it only where it reads; `check` tells, and this mends
        ledger.rebuild()

    assert names(service) == before
    service.create_model("d", "one more")
    assert names(service)[-1] == "one more"
    assert ledger.check() == 41


def test_read_only_folder_can_be_read_and_says_why_nothing_is_written(service: ModelService, ledger: Ledger) -> None:
    """A shelf on a share that one may only read is still a shelf."""
    service.create_model("d", "kept")
    before = ledger.log.path.read_bytes()
    ledger.folder.parent.chmod(0o755)
    for path in [ledger.folder, *ledger.folder.iterdir()]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def act() -> None:
        assert names(service) == ["kept"]
        with pytest.raises(RegistryError, match=r"cannot be written: Permission denied\. .* nothing was changed\. "):
            service.create_model("d", "refused")
        assert names(service) == ["kept"]

    assert in_a_child(act) == 0
    assert ledger.log.path.read_bytes() == before


def test_full_disk_refuses_and_keeps_everything(tmp_path: Path) -> None:
    """What was acknowledged before the disk was full is there, and once there is room the log goes on."""
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a small tmpfs; the limit of a file's size is tested beside this")
    try:
        ledger = Ledger(disk / "registry")
        service = ModelService("ada", ledger)
        kept = _fill(service)
        assert names(service)[-MOST:] == kept[-MOST:]
        assert sum(1 for _ in ledger.log.read(Place())) == len(kept)

        (disk / "ballast").unlink()
        service.create_model("d", "after")

        assert names(service)[-1] == "after"
        assert ledger.check() == len(kept) + 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _fill(service: ModelService) -> list[str]:
    """Create models until the disk is full; the names of those that were acknowledged."""
    service.create_model("d", "first")
    ballast = service_folder(service) / "ballast"
    ballast.write_bytes(b"x" * 300_000)
    kept = ["first"]
    with pytest.raises(RegistryError, match=r"No space left on device\. .* nothing was changed\. "):  # noqa: PT012
        for number in range(1000):
            service.create_model("d", f"model {number}", meta={"filling": "x" * 3000})
            kept.append(f"model {number}")
    return kept


def service_folder(service: ModelService) -> Path:
    """The data folder of a service."""
    return service._ledger.folder.parent


def test_log_that_may_not_grow_refuses_and_keeps_everything(service: ModelService, ledger: Ledger) -> None:
    """The same where a limit stops the write in the middle of a line: nothing half-written stays."""
    service.create_model("d", "kept")
    size = ledger.log.size()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limit[1]))
    try:
        with pytest.raises(RegistryError, match="cannot be written: File too large"):
            service.create_model("d", "refused")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert ledger.log.size() == size
    service.create_model("d", "next")
    assert names(service) == ["kept", "next"]
    assert ledger.check() == 2


def test_line_that_was_changed_is_noticed_by_its_number(service: ModelService, ledger: Ledger) -> None:
    """A history that can be altered proves nothing."""
    for name in ("one", "two", "three"):
        service.create_model("d", name)
    ledger.log.path.write_bytes(ledger.log.path.read_bytes().replace(b'"name":"two"', b'"name":"TWO"'))

    with pytest.raises(RegistryError, match="changed at line 2"):
        ledger.check()
    with pytest.raises(RegistryError, match="changed at line 2"):
        ledger.rebuild()
    assert names(service) == ["one", "two", "three"], "the tables were made before, and stay"


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_last_line_that_was_changed_is_noticed_by_the_tables(service: ModelService, ledger: Ledger, how: str) -> None:
    """Nothing follows the last line that would name its hash, so the tables do."""
    service.create_model("d", "one")
    shorter = ledger.log.path.read_bytes()
    service.create_model("d", "two")
    changed = ledger.log.path.read_bytes().replace(b'"name":"two"', b'"name":"TWO"')
    ledger.log.path.write_bytes(changed if how == "changed" else shorter)

    with pytest.raises(RegistryError, match=r"Line 2 .* not the one that was read before"):
        service.get_models("d")
    with pytest.raises(RegistryError, match=r"Line 2 .* not the one that was read before"):
        service.create_model("d", "three")

    ledger.rebuild()
    assert names(service) == (["one", "TWO"] if how == "changed" else ["one"])


def test_a_short_run_in_this_process_finds_no_fault(quick: Path) -> None:
    """The same as the long run, where a debugger reaches it."""
    assert run(2, SEED, quick).broken == []
