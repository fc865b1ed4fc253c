"""Hostile files through the app's own doors, and what came of each.

Owns the promises: an answer in time, three short sentences and no traceback, no file outside the folder, no code run,
flat memory. A study goes the way of the Upload page up to its pictures, a checkpoint the way of the importer.
"""

from __future__ import annotations

import gc
import io
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from core.errors import ReadroomError, WorkerBreach
from core.models.importing import diagnose_checkpoint, import_checkpoint
from core.settings import settings
from core.workflows import cases
from core.workflows.open_study import reading_workers
from core.workspace import Uploads, UploadState, Workspace
from tests.hostile import pickles
from tests.hostile.corpus import Hostile
from tests.hostile.traps import OUTSIDE
from tests.hostile.weights import checkpoints

LONGEST_SENTENCE = 400
"""Characters; 'short' for a sentence that may list six names."""

_TRACES = re.compile(r"Traceback|File \"|line \d+, in|\.py\b|Error\(|0x[0-9a-f]{6,}")

LIMITS = {
    "WORKER_MEMORY_MIB": 1500,
    "WORKER_CPU_S": 10,
    "WORKER_WALL_S": 30,
    "IMPORT_MEMORY_MIB": 4000,
    "IMPORT_WALL_S": 60,
    "OWNER_MIB": 2048,
}
"""Tighter than the defaults, so that a breach is seen early."""

SLACK_S = 10.0
"""On top of the wall limit of an answer: replacing a worker on a loaded machine."""


@dataclass
class Tally:
    """What came of the files so far: verdicts by kind, and every broken promise by the file's number."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    memory_mib: list[float] = field(default_factory=list)

    def table(self) -> str:
        """Kinds by verdicts, as text."""
        words = sorted({verdict for _, verdict in self.verdicts})
        kinds = sorted({kind for kind, _ in self.verdicts})
        width = max(map(len, kinds), default=4)
        lines = [" " * width + "".join(f"{word:>13}" for word in words)]
        lines += [f"{kind:<{width}}" + "".join(f"{self.verdicts[kind, word]:>13}" for word in words) for kind in kinds]
        totals = [sum(self.verdicts[kind, word] for kind in kinds) for word in words]
        lines.append(f"{'all':<{width}}" + "".join(f"{total:>13}" for total in totals))
        return "\n".join(lines)


class Judge:
    """Opens hostile files in a home of its own and keeps the tally."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tally = Tally()
        self._owner = Workspace("hostile")
        self._own = psutil.Process()

    def look(self, file: Hostile) -> str:
        """Open one file; returns its verdict in one word and notes every promise that was broken."""
        begun = time.monotonic()
        try:
            verdict = self._import(file) if file.importable else self._open(file)
        except Exception as fault:  # noqa: BLE001  # what a page would show as a crash is what we count here
            verdict = "app crashed"
            self._note(file, f"{type(fault).__name__}: {fault}")
        took = time.monotonic() - begun
        limit = settings().import_wall_s if file.importable else 2 * settings().worker_wall_s
        self.tally.slowest_s = max(self.tally.slowest_s, took)
        if took > limit + SLACK_S:
            self._note(file, f"answered after {took:.0f} s")
        self.tally.verdicts[file.kind, verdict] += 1
        return verdict

    def sweep(self) -> None:
        """Look for what must not be there: escaped files, run code, leftovers; measure this process."""
        gc.collect()
        self.tally.memory_mib.append(self._own.memory_info().rss / 2**20)
        for place in (self.root, Path(OUTSIDE), Path.cwd(), self.root.parent):
            self.tally.broken.extend(f"escaped: {path}" for path in place.glob("*escaped-*"))
        home = settings().home
        inside = {path.name for path in home.iterdir()}
        if not inside <= {"owners", "scratch", "store"}:
            self.tally.broken.append(f"in the home: {sorted(inside)}")
        self.tally.broken.extend(f"a name on disk: {path}" for path in home.rglob("*escaped-*"))
        self.tally.broken.extend(f"left in scratch: {path}" for path in (home / "scratch").glob("*/*"))

    def _open(self, file: Hostile) -> str:
        cases.receive(self._owner, [(file.name, io.BytesIO(file.content))])
        cases.read_waiting(self._owner)
        verdict = "nothing"
        for upload in Uploads(self._owner).all():
            if upload.state is UploadState.CHOICE:
                verdict = self._answer(file, upload.id, upload.choices[0].id)
            elif upload.refusal is not None:
                verdict = self._refusal(file, upload.refusal)
        for case in self._owner.cases():
            pixels = self._owner.study(case.id).pixels
            if not np.isfinite(pixels).all():
                self._note(file, "a study with values that are no numbers")
            verdict = verdict if verdict.startswith("choice") else "warned" if case.report.warnings else "opened"
        self._owner.delete_all()
        return verdict

    def _answer(self, file: Hostile, upload_id: str, choice: str) -> str:
        try:
            cases.answer_choice(self._owner, upload_id, choice)
        except ReadroomError as refusal:
            self._refusal(file, (refusal.found, refusal.why, refusal.do))
        return "choice"

    def _import(self, file: Hostile) -> str:
        path = self._placed(file)
        try:
            found = diagnose_checkpoint(path)  # the other door: it looks deeper into what it refuses
            if found.refusal is not None:
                self._refusal(file, found.refusal)
            model = import_checkpoint(path)
        except WorkerBreach as breach:
            return self._refusal(file, (breach.found, breach.why, breach.do))
        except ReadroomError as refusal:
            self._refusal(file, (refusal.found, refusal.why, refusal.do))
            return "refused"
        shutil.rmtree(model.path.parent)
        return "opened"

    def _placed(self, file: Hostile) -> Path:
        """The file by itself; every fourth as the weights of a MONAI bundle; a bundle's configuration in its place."""
        shutil.rmtree(self.root / "bundle", ignore_errors=True)
        if file.kind != pickles.BUNDLE and file.number % 4:
            path = self.root / "checkpoint"
            path.write_bytes(file.content)
            return path
        parts = {"configs/metadata.json": b"{}", "models/model.pt": file.content}
        if file.kind == pickles.BUNDLE:
            parts |= {"models/model.pt": checkpoints()["bare.pt"], "configs/inference.json": file.content}
        for name, content in parts.items():
            (self.root / "bundle" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / "bundle" / name).write_bytes(content)
        return self.root / "bundle"

    def _refusal(self, file: Hostile, sentences: tuple[str, str, str]) -> str:
        for sentence in sentences:
            whole = sentence.endswith(".") and "\n" not in sentence and len(sentence) <= LONGEST_SENTENCE
            if not whole or _TRACES.search(sentence) or str(self.root) in sentence:
                self._note(file, f"no short sentence: {sentence[:500]!r}")
        if "did not foresee" in sentences[0]:
            self._note(file, f"unforeseen: {sentences[0]}")
            return "unforeseen"
        if "crashed" in sentences[0]:
            self._note(file, f"decoder crashed: {sentences[0]}")
            return "decoder died"
        return "stopped" if sentences[0].startswith("Opening it took") else "refused"

    def _note(self, file: Hostile, what: str) -> None:
        self.tally.broken.append(f"file {file.number} ({file.kind}): {what}")


@contextmanager
def own_home(root: Path) -> Iterator[None]:
    """A home, a temporary folder and tighter limits for the time of a run; the traps' marks go into `root`."""
    values = {"READROOM_HOME": str(root / "home"), "READROOM_HOSTILE_MARK": str(root)}
    values |= {f"READROOM_{name}": str(value) for name, value in LIMITS.items()}
    before = {name: os.environ.get(name) for name in values}
    (root / "home").mkdir(parents=True, exist_ok=True)
    os.environ.update(values)
    _forget()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _forget()


def _forget() -> None:
    """Settings, and the workers that were started under them."""
    settings.cache_clear()
    reading_workers().close()
    reading_workers.cache_clear()
