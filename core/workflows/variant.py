"""A variant of a shipped model in lower precision, made and held against float32: `python -m core variant`.

Owns the order of things. Nothing is written of a variant whose answers differ by more than `core.models.variants`
allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.engines.engine import Batch, Outputs
from core.engines.graph import Graph, find_graph, graph_places, write_graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import REDUCED, RUNTIMES, lacking
from core.errors import ConfigError, InferenceError
from core.inference.answer import ask_engine
from core.inference.parity import point_name
from core.models.catalog import read_model
from core.models.comparison import Check
from core.models.model import Model, Variant
from core.models.self_test import record_of
from core.models.variants import (
    VARIANT_SUFFIX,
    Precision,
    Recipe,
    keeps_limits,
    read_variant,
    variant_id,
    write_variant,
)
from core.settings import settings
from core.studies.study import Study
from core.workflows.engine_parity import compare
from core.workflows.engines import cases_of_split

Progress = Callable[[float, str], None]

SPLITS = ("val", "test")
"""What a variant is compared on where nobody says otherwise: the cases that chose the points, and those kept apart."""

CALIBRATION = 128
"""Cases that set the ranges of int8."""

EVERY = 1_000_000
"""More cases than any split has."""


@dataclass(slots=True)
class _Listening:
    """An engine that keeps what it is fed."""

    engine: GraphEngine
    fed: list[Batch] = field(default_factory=list)

    def load(self) -> None:
        self.engine.load()

    def run(self, batch: Batch) -> Outputs:
        self.fed.append(batch.copy())
        return self.engine.run(batch)

    def describe(self) -> dict[str, object]:
        return self.engine.describe()


def variant_path(base: Model, precision: Precision) -> Path:
    """Where the variant of a model lies: on the shelf, in a folder of its own."""
    name = variant_id(base.id, precision)
    return settings().shelf / name / f"{name}{VARIANT_SUFFIX}"


def make_variant(
    base: Model, precision: Precision, data_dir: Path, *, splits: Sequence[str] = SPLITS,
    calibration: int = CALIBRATION, progress: Progress | None = None,
) -> Model:  # fmt: skip
    """Make the variant of a shipped model, compare it on whole splits, and put it on the shelf.

    Parameters
    ----------
    data_dir : as the base's recipe has it. splits : compared on all their cases. calibration : cases of the first
        split that taught the base, for int8.

    Raises
    ------
    ConfigError : the base is no model with weights of its own, was not converted, or names no recipe or such split.
    InferenceError : OpenVINO or what it needs is not here, or the answers differ by more than is allowed.
    NotInstalled : NNCF is not there, for int8. StudyError : a file is missing.
    """
    tell = progress or (lambda _share, _text: None)
    base, plain = _as_shipped(base), _graph_of(base)
    lack = lacking(precision)
    if lack:
        raise InferenceError(
            found=f"{lack} So no variant in {precision} can be made here.",
            why="Its answers are compared before it is written.",
            do="Make it on another machine, or use the base.",
        )
    path, runtime = variant_path(base, precision), REDUCED[precision]
    graph, calibrated_on = plain, ""
    if precision is Precision.INT8:
        tell(0.0, "Calibrating")
        graph, calibrated_on = _calibrated(base, plain, data_dir, calibration)
    tell(0.2, "Comparing with float32")
    draft = _draft(base, path, precision, graph)
    engine = GraphEngine(draft, runtime, graph)
    cohort = f"{data_dir.name} {' and '.join(splits)}"
    check, parity = compare(base, engine, _cases(base, data_dir, splits), cohort)
    check = check.model_copy(update={"holds": keeps_limits(check)})
    if not check.holds:
        raise InferenceError(
            found=f"{base.id} in {precision} differs too much from float32: {check.words()}.",
            why="Speed may not change a decision silently.",
            do="Use the base; nothing was written.",
        )
    changed = {name for case in parity.cases for name in case.changed_at}
    recipe = Recipe(
        precision=precision, base=base.id, weights_sha256=base.weights_sha256, fed_sha256=base.fed_sha256,
        graph_sha256=graph.sha256, calibrated_on=calibrated_on, check=check,
        operating_points=tuple(
            p.to_dict() for p in base.operating_points if p.chosen_on in splits and point_name(p) not in changed
        ),
        self_test=record_of(engine.run, base.config),
    )  # fmt: skip
    if precision is Precision.INT8:
        write_graph(graph_places(draft)[0], graph.content)
    write_variant(path, recipe)
    return read_variant(path, {base.id: base})


def _as_shipped(base: Model) -> Model:
    """The base without points that a user saved for it."""
    if base.members or base.variant is not None or base.problem is not None:
        what = base.problem or f"It is {'an ensemble' if base.members else 'a variant itself'}."
        raise ConfigError(
            found=f"{base.id} cannot have a variant. {what}",
            why="A variant computes the weights of one checkpoint.",
            do="Name a usable model with weights of its own; `models` lists them.",
        )
    return read_model(base.path)


def _graph_of(base: Model) -> Graph:
    graph = find_graph(base)
    if graph is None:
        raise ConfigError(
            found=f"The network of {base.id} was not converted.",
            why="A variant runs the converted network.",
            do=f"Run `python -m core engines {base.id} --convert --data DIR` first.",
        )
    return graph


def _calibrated(base: Model, plain: Graph, data_dir: Path, most: int) -> tuple[Graph, str]:
    """The 8-bit graph, and the cases that set its ranges in words; of each case the window in the middle is fed."""
    from core.engines.quantise import quantised_graph
    from core.workflows.recheck import recipe_of

    split = recipe_of(base).data.train[0]
    batches: list[Batch] = []
    for _, study in cases_of_split(base, data_dir, split, most):
        listening = _Listening(GraphEngine(base, RUNTIMES[0], plain))
        ask_engine(listening, study, base)
        batches.append(listening.fed[len(listening.fed) // 2])
    content = quantised_graph(base, plain, batches)
    return Graph(content, hashlib.sha256(content).hexdigest()), f"{len(batches)} cases of {data_dir.name} {split}"


def _draft(base: Model, path: Path, precision: Precision, graph: Graph) -> Model:
    """A handle to run the variant with before anything is known of it."""
    nothing = Check(engine="", version="", torch="", cohort="", cases=0, logits=0.0, holds=False)
    recipe = Recipe(
        precision=precision, base=base.id, weights_sha256=base.weights_sha256, fed_sha256=base.fed_sha256,
        graph_sha256=graph.sha256, check=nothing, self_test={},
    )  # fmt: skip
    variant = Variant(base, precision, graph.sha256, nothing, {})
    return replace(base, path=path, weights_sha256=recipe.sha256, variant=variant)


def _cases(base: Model, data_dir: Path, splits: Sequence[str]) -> Iterator[tuple[str, Study]]:
    for split in splits:
        yield from cases_of_split(base, data_dir, split, EVERY)
