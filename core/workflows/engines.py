"""Which engine runs each model here, how its graph is made, and how its answers are held against torch's.

Owns the order of things for `python -m core engines` and the Models page. An engine is used only after this: tracing
a graph in a process of its own, comparing whole cases, and keeping what was found beside the graph.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.checks import CHECKS_SUFFIX, Checks, read_checks, write_checks
from core.engines.choose import find_refusal, graph_engine, variant_graph, why_not
from core.engines.graph import SUFFIX, find_graph, graph_places, write_graph
from core.engines.runtimes import REDUCED, RUNTIMES, Runtime
from core.errors import CheckpointError, ConfigError, WorkerBreach
from core.isolation import Limits, Worker
from core.models.catalog import list_models
from core.models.comparison import Check
from core.models.model import Model
from core.registry.noting import CONVERTED, note
from core.settings import settings
from core.studies.study import Study
from core.workflows.engine_parity import Progress, compare_runtimes

TABLE = "core.workflows._engine_tasks:TABLE"

GRAPH_MIB = 64
"""The largest file that a conversion may write; the samples that it draws are smaller."""

_turn = threading.Lock()
"""One conversion at a time: each takes a gigabyte."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One model and one runtime. used : whether it runs the model on the CPU here. why_not : else, in a sentence.

    converted : whether there is a graph that it could run. check : what its answers were held against.
    """

    model_id: str
    runtime: Runtime
    used: bool
    why_not: str
    converted: bool
    check: Check | None

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        check = None if self.check is None else self.check.model_dump()
        return {
            "model": self.model_id, "engine": self.runtime.name, "version": self.runtime.installed, "used": self.used,
            "why_not": self.why_not or None, "check": check,
        }  # fmt: skip


def engine_rows() -> list[EngineRow]:
    """Every model that runs weights of its own, with every runtime."""
    return [row for model in list_models() if not model.members and model.problem is None for row in rows_of(model)]


def rows_of(model: Model, engine: str | None = None) -> list[EngineRow]:
    """One model with every runtime, a variant with its own. engine : what was named, in the place of the setting."""
    if model.variant is not None:
        refusal, runtime = find_refusal(model, engine), REDUCED[model.variant.precision]
        converted = variant_graph(model) is not None
        why = "" if refusal is None else refusal.why
        return [EngineRow(model.id, runtime, refusal is None, why, converted, model.variant.check)]
    chosen = graph_engine(model, engine)
    kept = read_checks(model)
    checks = {one.engine: one for one in kept.checks} if kept else {}
    converted = find_graph(model) is not None
    return [
        EngineRow(
            model.id,
            runtime,
            used=chosen is not None and chosen.runtime is runtime,
            why_not=why_not(model, runtime),
            converted=converted,
            check=checks.get(runtime.name),
        )
        for runtime in RUNTIMES
    ]


def convert(
    model: Model,
    studies: Iterable[tuple[str, Study]] | None = None,
    cohort: str = "",
    *,
    actor: str | None = None,
    progress: Progress | None = None,
) -> Checks:
    """Trace the model's graph, hold every runtime's answers against torch's, keep both, and note it in the history.

    The graph is traced in a process of its own, and so are the samples compared: a page's server that runs without
    torch need not import it. Real cases are compared here.

    Parameters
    ----------
    studies : cases that the model admits, by name; None for the shipped samples. cohort : what they are called.
    actor : who asks; None takes this account's name.

    Raises
    ------
    ConfigError : an ensemble or a variant. CheckpointError : torch's exporter cannot follow the network, or ran past
    a limit.
    NotInstalled : it needs torch.
    """
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
    path, source = _place(model), str(model.path)
    with _apart(model) as worker:
        _tell(progress, 0.0, "Tracing the network")
        _, arrays = worker.call("trace", {"path": source})
        graph = write_graph(path, arrays["graph"].tobytes())
        _tell(progress, 0.4, "Comparing answers")
        if studies is None:
            found = Checks.model_validate(worker.call("compare", {"path": source, "graph": str(path)})[0])
        else:
            found = compare_runtimes(model, graph, list(studies), cohort, progress)
    write_checks(path.with_name(path.name.removesuffix(SUFFIX) + CHECKS_SUFFIX), found)
    note(CONVERTED, model.id, after=graph.sha256, who=actor)
    return found


def _place(model: Model) -> Path:
    """Where the graph goes: with our own models beside the checkpoint, so that it travels with them, where that can be
    written.
    """
    shelf, data = graph_places(model)
    ours = model.path.is_relative_to(settings().shelf)
    return shelf if ours and os.access(shelf.parent, os.W_OK) else data


@contextmanager
def _apart(model: Model) -> Iterator[Worker]:
    """A process of its own for one conversion, ended after it: a model is converted once, and torch takes memory.

    Raises
    ------
    CheckpointError : it ran past a limit, or died.
    """
    asked = settings()
    limits = Limits(
        memory_mib=asked.import_memory_mib,
        # The runtimes compare on every core, and each core counts.
        cpu_s=asked.import_wall_s * (os.cpu_count() or 1),
        wall_s=asked.import_wall_s,
        file_mib=GRAPH_MIB,
    )
    with _turn:
        worker = Worker(TABLE, limits)
        try:
            yield worker
        except WorkerBreach as breach:
            raise CheckpointError(
                found=f"{model.display_name} was not converted. {breach.found}",
                why="A conversion has the limits of an import. The model runs on torch as before.",
                do="Raise READROOM_IMPORT_WALL_S or READROOM_IMPORT_MEMORY_MIB, or leave it on torch.",
            ) from breach
        finally:
            worker.close()


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
