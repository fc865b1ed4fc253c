"""`python -m tests.registry.faults --moments 200 --seed 1`: writers killed at seeded moments; prints the counts.

Owns the run. A writer registers, promotes, moves aliases, pins and keeps records, and says after each what was
acknowledged; it is killed with SIGKILL. Then everything acknowledged must be there whole, the shelf must open and go
on, and tables made anew must be the same. Exit 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.models.catalog import read_model
from core.models.hashing import file_sha256
from core.models.model import Model
from core.registry import ModelService
from core.registry.event import Event, Place
from core.registry.index import Index
from core.registry.ledger import Ledger
from core.registry.shelf import Shelf
from core.registry.stages import CLIMB
from core.settings import SHELF

FRESH_EVERY = 20
"""Moments on one data folder: what the first writer left must outlive all that follow."""

MOST_CHANGES = 6
SPAN_S = 0.04
"""A writer is killed a seeded while, up to this, after a seeded number of its changes: within the next or so."""


@dataclass
class Tally:
    """What was seen over all moments."""

    moments: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The counts, one a line."""
        return [f"{self.moments} moments", *(f"{name}: {n}" for name, n in sorted(self.seen.items())), *self.broken]


def run(moments: int, seed: int, folder: Path) -> Tally:
    """Kill a writer at so many moments."""
    tally, model = Tally(), _model(folder)
    for moment in range(moments):
        if moment % FRESH_EVERY == 0:
            ledger = Ledger(folder / f"home-{moment}" / "registry")
            acknowledged: list[Event] = []
        draw = random.Random(f"{seed} {moment}")  # noqa: S311 - a test's draw
        told, killed = _killed(ledger, model, draw)
        acknowledged += [Event.of_line(line) for line in told]
        tally.moments += 1
        tally.seen["events acknowledged, and looked for after every later moment"] += len(told)
        tally.seen["writers killed"] += killed
        try:
            look(ledger, acknowledged, tally)
        except Exception as fault:  # noqa: BLE001 - every fault is a broken promise
            tally.broken.append(f"moment {moment}: {type(fault).__name__}: {fault}")
    return tally


def write(ledger: Ledger, model: Model, draw: random.Random, say: Callable[[bytes], None]) -> None:
    """Change the shelf until somebody stops it; `say` is given each line of the log that was acknowledged."""
    shelf, service = Shelf("writer", ledger), ModelService("writer", ledger)
    patch = len(shelf.versions())
    while True:
        new = replace(model, id=f"tiny_v1.0.{patch}")
        patch += 1
        shelf.register(new, "made")
        _acknowledge(shelf, new.id, say)
        for stage in CLIMB[1 : draw.randint(1, 3)]:
            shelf.change_stage(new.id, new, stage, "looked at")
            _acknowledge(shelf, new.id, say)
        shelf.set_alias(new.id, draw.choice(("champion", "challenger")), "the newest")
        _acknowledge(shelf, new.id, say)
        record = service.create_model("data-set", f"experiment {patch}", meta={"number": patch})
        _acknowledge(shelf, str(record.id), say)
        service.pin_model("data-set", str(record.id))
        _acknowledge(shelf, str(record.id), say)


def look(ledger: Ledger, acknowledged: list[Event], tally: Tally) -> None:
    """Hold what is there against what was acknowledged; AssertionError where a promise is broken."""
    torn = ledger.log.size() - max([place.end for _, place in ledger.log.read(Place())], default=0)
    tally.seen["torn end of the log set aside"] += torn > 0
    shelf, service = Shelf("looker", ledger), ModelService("looker", ledger)
    behind = _behind(ledger)
    tally.seen["tables found behind the log"] += behind
    versions, (models, _, total) = shelf.versions(), service.get_models("data-set")
    lines = {event.seq: event for event, _ in ledger.log.read(Place())}

    lost = [event.seq for event in acknowledged if lines.get(event.seq) != event]
    assert not lost, f"acknowledged and lost or changed: {lost}"
    assert list(lines) == list(range(1, len(lines) + 1)), "a number is missing"
    registered = sum(event.what == "registered" for event in lines.values())
    assert len(versions) == registered, "a registered version is not on the shelf"
    assert total >= len(models), "the total is less than a page"
    before = _contents(ledger)
    assert ledger.rebuild() == len(lines), "not every event was taken in"
    assert _contents(ledger) == before, "rebuilding gave other tables"
    assert ledger.check() == len(lines), "the check counts otherwise"
    shelf.pin("looked", pinned="looked" not in shelf.pins())  # the next writer can go on
    assert ledger.check() == len(lines) + 1, "the log does not go on"


def _behind(ledger: Ledger) -> bool:
    if not ledger.index_path.exists():
        return False
    try:
        index = Index.on_disk(ledger.index_path)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the ledger must cope
        return True
    place = index.place()
    index.close()
    return place.end != ledger.log.size()


def _contents(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    return ledger.ask(lambda rows: Index(rows, kept=False).contents())


def _acknowledge(shelf: Shelf, subject: str, say: Callable[[bytes], None]) -> None:
    """Say the newest event of the subject, as a caller that was told of it knows it."""
    say(shelf.history(subject)[-1].line())


def _killed(ledger: Ledger, model: Model, draw: random.Random) -> tuple[list[bytes], bool]:
    """The lines that a writer said before it was killed, and whether it was killed at all."""
    heard, speaks = os.pipe()
    changes, while_s = draw.randint(0, MOST_CHANGES), draw.uniform(0, SPAN_S)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        os.close(heard)
        try:
            write(ledger, model, draw, lambda line: _say_all(speaks, line))
        finally:
            os._exit(1)
    os.close(speaks)
    with os.fdopen(heard, "rb") as pipe:
        lines = [pipe.readline() for _ in range(changes)]
        time.sleep(while_s)
        os.kill(child, signal.SIGKILL)
        lines += pipe.readlines()
    _, status = os.waitpid(child, 0)
    # A line of the pipe that was cut off was not heard.
    return [line for line in lines if line.endswith(b"\n")], os.WIFSIGNALED(status)


def _say_all(handle: int, line: bytes) -> None:
    while line:
        line = line[os.write(handle, line) :]


def _model(folder: Path) -> Model:
    """A handle of a shipped model over a small file, so that hashing it takes no time."""
    shipped = read_model(SHELF / "hippocampus_unet3d_v1.0.0" / "hippocampus_unet3d_v1.0.0.safetensors")
    small = folder / "small.safetensors"
    small.write_bytes(b"small" * 100)
    return replace(shipped, path=small, file_sha256=file_sha256(small))


def main() -> int:
    """Run the moments and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("error")
    # As in a test: nothing that is done here may reach the user's data folder.
    with tempfile.TemporaryDirectory(prefix="readroom-faults-") as folder:
        os.environ["READROOM_HOME"] = folder
        tally = run(asked.moments, asked.seed, Path(folder))
    sys.stdout.write("\n".join(tally.lines()) + "\n")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
