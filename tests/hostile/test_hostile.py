"""Five hundred hostile files of a fixed seed; `make fuzz` runs ten thousand and more."""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ReadroomError
from core.isolation import Limits, Worker
from tests.hostile import pickles, traps
from tests.hostile.corpus import Hostile, hostile_file
from tests.hostile.judge import Judge, own_home
from tests.hostile.mutate import MUTATORS
from tests.hostile.sound import studies
from tests.hostile.weights import checkpoints

SEED = 2
FILES = 500
GROWTH_MIB = 80
"""What this process may take more after the second half than after the first: a leak of 0.3 MiB a file shows."""


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    logging.disable(logging.CRITICAL)
    with own_home(tmp_path):
        yield Judge(tmp_path)
    logging.disable(logging.NOTSET)


def test_five_hundred_hostile_files_are_read_or_refused_in_three_sentences(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    """SAFETY 1 to 3: no crash, no late answer, no file outside, no code run, no traceback, flat memory."""
    for number in range(FILES):
        judge.look(hostile_file(SEED, number))
        if (number + 1) % (FILES // 2) == 0:
            judge.sweep()

    tally = judge.tally
    with capsys.disabled():
        sys.stdout.write(f"\n{tally.table()}\n")
    assert tally.broken == []
    assert tally.verdicts.total() == FILES
    assert tally.memory_mib[-1] - tally.memory_mib[0] < GROWTH_MIB
    kinds = {kind for kind, _ in tally.verdicts}
    assert kinds >= {*traps.TRAPS, *pickles.TRAPS}


def test_sound_files_are_opened_by_the_same_door(judge: Judge) -> None:
    """A judge that refuses everything would find no fault either."""
    made = [Hostile(0, name, f"x.{name}", content, importable=False) for name, content in studies().items()]
    made += [Hostile(1, name, name, content, importable=True) for name, content in checkpoints().items()]

    verdicts = {file.kind: judge.look(file) for file in made}

    refused = {name: verdict for name, verdict in verdicts.items() if verdict not in {"opened", "warned", "choice"}}
    assert refused == {"slice.dcm": "refused"}
    assert verdicts["4d.nii"] == "choice"
    assert judge.tally.broken == []


def test_the_converter_runs_nothing_of_eighty_hostile_pickles(judge: Judge) -> None:
    """It reads what the importer refuses, so it meets all of them; one process takes them one after the other."""
    made = (hostile_file(SEED, number) for number in itertools.count())
    pickled = itertools.islice((file for file in made if file.kind.startswith(("pickle", "checkpoint"))), 80)
    worker = Worker("core.models._plain_task:TABLE", Limits(memory_mib=4000, cpu_s=60, wall_s=60))
    try:
        for file in pickled:
            path = judge.root / "checkpoint"
            path.write_bytes(file.content)
            try:
                worker.call("plain", {"path": str(path), "out": str(judge.root / "plain.pth")})
            except ReadroomError as refusal:
                judge._refusal(file, (refusal.found, refusal.why, refusal.do))
    finally:
        worker.close()
    judge.sweep()

    assert judge.tally.broken == []


def test_a_number_is_the_same_file_every_time() -> None:
    """A finding is told by its seed and number, so both must lead back to the bytes."""
    once, again = ([hostile_file(5, n) for n in range(40)] for _ in range(2))

    assert [(file.kind, file.name) for file in once] == [(file.kind, file.name) for file in again]
    # A legacy PyTorch file names its storages by their place in memory.
    assert all(one.content == two.content for one, two in zip(once, again, strict=True) if not one.importable)
    assert hostile_file(5, 1).content != hostile_file(6, 1).content
    assert {hostile_file(5, n).kind for n in range(200)} >= {f"study, {how}" for how in MUTATORS}


def test_judge_sees_each_broken_promise(judge: Judge, tmp_path: Path) -> None:
    """The watch itself: an escaped file, a name on disk, a sentence that is a traceback."""
    (tmp_path / "escaped-1").touch()
    (tmp_path / "home" / "owners").mkdir()
    (tmp_path / "home" / "owners" / "escaped-2").touch()
    (tmp_path / "home" / "stray").touch()
    file = Hostile(7, "x", "x", b"", importable=False)

    judge._refusal(file, ("Traceback (most recent call last)", "Why.", "Do."))
    judge._refusal(file, ("The decoder crashed on it (code -11).", "Why.", "Do."))
    judge.sweep()

    told = " ".join(judge.tally.broken)
    for word in ("escaped-1", "escaped-2", "stray", "no short sentence", "decoder crashed"):
        assert word in told
