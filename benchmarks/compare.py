"""The comparisons: steady calls in one process, then cold starts and peak memory in fresh ones.

Each answers with rows for the table; outputs are compared in the same run that gives the time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fresh import Job
from benchmarks.measure import Quiet, Timed, Watch, alternate
from benchmarks.ours import STAGES, Ours
from benchmarks.subjects import Subject
from benchmarks.usual import UsualFilm, UsualVolume
from core.engines.compiled import Compiled
from core.metrics.segmentation import dice

FRESH_ROUNDS = 2
FRESH_BUDGET_S = 45.0
"""On a busy machine two rounds, one in each order, are all there is time for."""

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """One line of the table. `ratio` is usual / ours: above 1, ours takes less."""

    what: str
    usual: float
    ours: float
    unit: str
    cpu_ratio: float | None
    difference: str
    quiet: Quiet
    rounds: int
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Usual over ours."""
        return self.usual / self.ours

    def to_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        return {**asdict(self), "ratio": self.ratio, "judged": self.quiet.judged}


def film_steady(subject: Subject, rounds: int) -> tuple[Row, dict[str, float]]:
    """One film, decoded, scored, explained and drawn; the model is loaded already, as on a page."""
    model = subject.model
    ours, usual = Ours(model), UsualFilm(model.config, model.input, subject.checkpoint, model.temperature)
    timed, quiet = alternate(
        {"usual": lambda: usual(subject.image), "ours": lambda: ours(subject.image)}, rounds=rounds
    )
    scores, heat, _ = timed["usual"].answer
    made = timed["ours"].answer
    apart = max(abs(a - b) for a, b in zip(scores, made.scores.values(), strict=True))
    row = row_of(f"film, {subject.words}", timed, quiet, f"scores within {apart:.1e}")
    if made.heat_for == subject.model.classes[-1]:
        # The two maps are of other resizes of one picture; their likeness is what can be told.
        row.difference += f", heat maps correlate {np.corrcoef(heat.ravel(), made.heat.ravel())[0, 1]:.3f}"
    return row, _shares(ours)


def volume_steady(subject: Subject, rounds: int, folder: Path) -> tuple[Row, dict[str, float]]:
    """One volume, read, segmented and drawn, its mask written; the model is loaded already."""
    ours, usual = Ours(subject.model), UsualVolume(subject.model.config, subject.model.input, subject.checkpoint)
    timed, quiet = alternate(
        {"usual": lambda: usual(subject.image, folder / "mask.nii.gz"), "ours": lambda: ours(subject.image)},
        rounds=rounds,
    )
    theirs, found = timed["usual"].answer[0], timed["ours"].answer.label_map
    named = [dice(theirs == value, found == value) for value in range(1, len(subject.model.labels) + 1)]
    known = [d for d in named if d is not None]
    said = f"{int((theirs != found).sum())} of {found.size} voxels"
    if known:
        said += f", lowest Dice {min(known):.5f}"
    return row_of(f"volume, {subject.words}", timed, quiet, said), _shares(ours)


def fresh(kind: str, subject: Subject, folder: Path, rounds: int) -> list[Row]:
    """Cold start to the first prediction, the first of all and a later one, and peak memory, each in a fresh process.

    In the first of all, nothing of the model is kept from a start before; so the network is compiled.
    """
    Job(subject.model.id, [subject.model.path.parent], subject.checkpoint, subject.image).write(
        folder / f"{kind}-job.json"
    )
    plain = {
        "config": subject.model.config.model_dump(mode="json"),
        "input": subject.model.input.model_dump(mode="json"),
        "temperature": subject.model.temperature,
    }
    (folder / f"{kind}-config.json").write_text(json.dumps(plain))
    ways = ("usual", "first", "ours")
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    told: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    compiled = Compiled(subject.model.weights_sha256, "", "openvino").path
    with Watch() as watch:
        begun = time.monotonic()
        for number in range(rounds):
            if number >= FRESH_ROUNDS and time.monotonic() - begun > FRESH_BUDGET_S:
                break
            for way in ways if number % 2 == 0 else reversed(ways):
                if way == "first":
                    compiled.unlink(missing_ok=True)
                started = time.perf_counter()
                told[way].append(_process("usual" if way == "usual" else "ours", kind, folder))
                seconds[way].append(time.perf_counter() - started)
    usual, first, ours = (statistics.median(seconds[way]) for way in ways)
    said = _answers(told["usual"][-1]["answer"], told["ours"][-1]["answer"])
    start = Row(f"{kind}, cold start", usual, ours, "s", None, said, watch.quiet, len(seconds["ours"]))
    anew = replace(start, what=f"{kind}, first start of all: compiling", ours=first)
    peaks = {way: statistics.median(one["peak_mib"] for one in told[way]) for way in told}
    worker = statistics.median(one["worker_mib"] for one in told["ours"])
    besides = f"decoder worker besides: {worker:.0f} MiB; first start of all: {peaks['first']:.0f} MiB"
    memory = Row(
        f"{kind}, peak memory", peaks["usual"], peaks["ours"], "MiB", None, besides,
        # Memory does not depend on who else computes.
        Quiet(0.0, 0.0), len(seconds["ours"]), {"worker_mib": worker, "first_mib": peaks["first"]},
    )  # fmt: skip
    return [start, anew, memory]


def _process(way: str, kind: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fresh", way, kind, str(folder)],
        cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{way} {kind}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _answers(usual: Any, ours: Any) -> str:
    if isinstance(usual, list):
        return f"scores within {max(abs(a - b) for a, b in zip(usual, ours, strict=True)):.1e}"
    return f"{abs(usual - ours)} labelled voxels more or fewer"


def row_of(what: str, timed: dict[str, Timed], quiet: Quiet, difference: str) -> Row:
    """The row of two paths that were timed in turn, 'usual' and 'ours'."""
    usual, ours = timed["usual"], timed["ours"]
    return Row(
        what,
        usual.median_s,
        ours.median_s,
        "s",
        usual.median_cpu_s / max(ours.median_cpu_s, 1e-9),
        difference,
        quiet,
        len(ours.wall_s),
        {name: {"wall_s": t.wall_s, "cpu_s": t.cpu_s} for name, t in timed.items()},
    )


def _shares(ours: Ours) -> dict[str, float]:
    """Share of our time by stage, of the medians; the warm-up call is left out."""
    medians = {name: statistics.median(ours.stages[name][1:]) for name in STAGES}
    whole = sum(medians.values())
    return {name: seconds / whole for name, seconds in medians.items()}
