"""Which engine runs each model here, how its graph is made, and how its answers are held against torch's.

Owns the order of things for `python -m core engines`. An engine is used only after this: tracing a graph, comparing
whole cases, and keeping what was found beside the graph.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.engines.checks import CHECKS_SUFFIX, Checks, read_checks, write_checks
from core.engines.choose import graph_engine, variant_engine, why_not
from core.engines.graph import SUFFIX, graph_places, write_graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import REDUCED, RUNTIMES
from core.errors import ConfigError, InferenceError
from core.inference.parity import BATCHES, Parity, measure_parity
from core.models.catalog import list_models
from core.models.comparison import Check
from core.models.model import Model
from core.settings import settings
from core.studies.study import Study
from core.workflows.export_model import sample_studies

Progress = Callable[[float, str], None]

SAMPLES = "synthetic samples"
"""The cohort's name where nobody has real cases at hand."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One model and one runtime. used : whether it runs the model on the CPU here. why_not : else, in a sentence."""

    model_id: str
    engine: str
    version: str | None
    used: bool
    why_not: str
    check: Check | None

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        check = None if self.check is None else self.check.model_dump()
        return {
            "model": self.model_id, "engine": self.engine, "version": self.version, "used": self.used,
            "why_not": self.why_not or None, "check": check,
        }  # fmt: skip


def engine_rows() -> list[EngineRow]:
    """Every model that runs weights of its own, with every runtime."""
    return [row for model in list_models() if not model.members and model.problem is None for row in rows_of(model)]


def rows_of(model: Model) -> list[EngineRow]:
    """One model with every runtime; a variant with its own."""
    if model.variant is not None:
        runtime = REDUCED[model.variant.precision]
        try:
            variant_engine(model)
            why = ""
        except InferenceError as refusal:
            why = refusal.why
        return [EngineRow(model.id, runtime.name, runtime.installed, not why, why, model.variant.check)]
    chosen = graph_engine(model)
    running = None if chosen is None else chosen.runtime.name
    kept = read_checks(model)
    rows = []
    for runtime in RUNTIMES:
        check = next((one for one in kept.checks if one.engine == runtime.name), None) if kept else None
        rows.append(
            EngineRow(
                model.id, runtime.name, runtime.installed, running == runtime.name, why_not(model, runtime), check
            )
        )
    return rows


def convert(
    model: Model, studies: Iterable[tuple[str, Study]] | None, cohort: str = SAMPLES, progress: Progress | None = None
) -> Checks:
    """Trace the model's graph, hold every runtime's answers against torch's, and keep both.

    Parameters
    ----------
    studies : cases that the model admits, by name; None for the synthetic samples. cohort : what they are called.

    Raises
    ------
    ConfigError : an ensemble or a variant. CheckpointError : torch's exporter cannot follow the network.
    """
    from core.engines.graph_export import trace_graph

    if model.variant is not None:
        raise ConfigError(
            found=f"{model.id} is {model.stored.id} in {model.variant.precision}.",
            why="It was compared when it was made, in a graph that is there.",
            do=f"Convert {model.stored.id}, or make the variant again with `python -m core variant`.",
        )
    if model.members:
        raise ConfigError(
            found=f"{model.id} is an ensemble.",
            why="It has no network of its own to convert.",
            do="Convert its members one by one.",
        )
    _tell(progress, 0.0, "Tracing the network")
    shelf, data = graph_places(model)
    path = shelf if model.path.is_relative_to(settings().shelf) else data
    graph = write_graph(path, trace_graph(model))
    with tempfile.TemporaryDirectory() as folder:
        cases = list(studies if studies is not None else sample_studies(model, Path(folder)))
        checks = []
        for number, runtime in enumerate(RUNTIMES):
            if runtime.installed is not None:
                _tell(progress, 0.3 + 0.35 * number, f"Comparing {runtime.title}")
                checks.append(compare(model, GraphEngine(model, runtime, graph), cases, cohort)[0])
    found = Checks(weights_sha256=model.weights_sha256, graph_sha256=graph.sha256, checks=tuple(checks))
    write_checks(path.with_name(path.name.removesuffix(SUFFIX) + CHECKS_SUFFIX), found)
    return found


def compare(model: Model, other: GraphEngine, cases: Iterable[tuple[str, Study]], cohort: str) -> tuple[Check, Parity]:
    """An engine's answers held against torch's, with heat maps where the model gives scores."""
    from core.engines.torch_engine import TorchEngine
    from core.inference.answer import explaining

    one = TorchEngine(model, "cpu")
    if model.classes:
        target = model.findings[0] if model.findings else model.classes[0]
        parity = measure_parity(model, explaining(one, model, target), explaining(other, model, target), cases)
    else:
        parity = measure_parity(model, one, other, cases)
    return _told(parity, other.runtime.name, str(other.runtime.installed), version("torch"), cohort), parity


def _told(parity: Parity, engine: str, installed: str, torch: str, cohort: str) -> Check:
    cases = parity.cases[len(BATCHES) :]  # behind the noise

    def worst(values: Iterator[float | None], choose: Callable[[list[float]], float]) -> float | None:
        known = [value for value in values if value is not None]
        return choose(known) if known else None

    return Check(
        engine=engine, version=installed, torch=torch, cohort=cohort, cases=len(cases),
        logits=max(case.logits for case in parity.cases),
        scores=worst((case.scores for case in cases), max),
        decisions=sum(case.decisions for case in cases),
        changed=sum(case.changed for case in cases),
        dice=worst((case.dice for case in cases), min),
        heat=worst((case.heat for case in cases), max),
        holds=parity.holds,
    )  # fmt: skip


def cases_of_split(model: Model, data_dir: Path, split: str, most: int) -> Iterator[tuple[str, Study]]:
    """Cases of a split of the data that a shipped model's recipe names: all, or `most` of them, evenly spread.

    Raises
    ------
    ConfigError : the card names no recipe of ours, or that has no such split. StudyError : a file is missing.
    """
    from core.training.dataset import Folder, in_groups
    from core.workflows.recheck import recipe_of

    config = recipe_of(model)
    folder = Folder(data_dir)
    try:
        rows = in_groups(folder.rows(config.data.tables), [split])
        if not rows:
            raise ConfigError(
                found=f"The data of {model.id} has no split {split[:80]}.",
                why="There is nothing to compare on.",
                do=f"Name one of {', '.join((*config.data.train, *config.data.report, *config.data.external))}.",
            )
        taken = min(most, len(rows))
        for number in (n * len(rows) // taken for n in range(taken)):
            yield f"{split} {number + 1}", folder.study(rows[number].image)
    finally:
        folder.close()


def _tell(progress: Progress | None, share: float, text: str) -> None:
    if progress is not None:
        progress(share, text)
