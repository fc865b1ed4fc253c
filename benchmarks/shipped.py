"""Every shipped model: what its card says of Dice, sensitivity and specificity, and its seconds on this machine."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Quiet, Watch
from core.models import list_models
from core.models.model import Model
from core.workflows.export_model import sample_studies
from core.workflows.predict import predict
from core.workflows.shelf_pages import BENCHMARK_HEADER, benchmark_rows

CALLS = 3
STAGES = ("preprocess", "network", "postprocess")
"""What the cards count too: neither loading nor decoding."""


@dataclass
class Shipped:
    """Rows as on the shelf's page, each with the seconds of a synthetic sample here."""

    rows: list[tuple[str, ...]]
    seconds: dict[str, float]
    quiet: Quiet

    def lines(self) -> list[str]:
        """For the screen."""
        header = (*BENCHMARK_HEADER, "seconds of a sample here")
        lines = [header, ("---",) * len(header), *self.rows]
        return [f"| {' | '.join(line)} |" for line in lines] + ["", f"Here: {self.quiet.words()}."]


def measure(folder: Path) -> Shipped:
    """All models of the shelf that can be used, without variants; medians of three calls after the first."""
    models = [model for model in list_models() if model.problem is None and not model.variant]
    seconds = {}
    with Watch() as watch:
        for model in models:
            inside = folder / model.id
            inside.mkdir()
            seconds[model.id] = _seconds(model, inside)
    return Shipped(list(_rows(models, seconds)), seconds, watch.quiet)


def _rows(models: list[Model], seconds: dict[str, float]) -> Iterator[tuple[str, ...]]:
    for model in models:
        for row in benchmark_rows([model]):
            yield (*row, f"{seconds[model.id]:.2f}")


def _seconds(model: Model, folder: Path) -> float:
    _, study = sample_studies(model, folder)[0]
    predict(study, model)
    spent = []
    for _ in range(CALLS):
        timings = predict(study, model).provenance.timings_s
        spent.append(sum(timings.get(stage, 0.0) for stage in STAGES))
    return statistics.median(spent)
