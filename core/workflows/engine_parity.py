"""A model's graph in a runtime, held against torch over whole cases.

Owns what is compared and what is noted of it. The limits are `core.inference.parity`'s, the order of things
`core.workflows.engines`'.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from core.engines.checks import Checks
from core.engines.graph import Graph
from core.engines.graph_engine import GraphEngine
from core.engines.runtimes import RUNTIMES, Runtime, RuntimeFault
from core.errors import InferenceError
from core.inference.answer import explaining
from core.inference.parity import BATCHES, Parity, measure_parity
from core.models.comparison import Check
from core.models.model import Model
from core.studies.study import Study

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]


def compare_runtimes(
    model: Model, graph: Graph, cases: list[tuple[str, Study]], cohort: str, progress: Progress | None = None
) -> Checks:
    """What was found in each runtime that is installed; one that cannot run the graph is a finding too.

    cases : by name, that the model admits. cohort : what they are called.
    """
    installed = [runtime for runtime in RUNTIMES if runtime.installed is not None]
    checks = []
    for number, runtime in enumerate(installed):
        if progress is not None:
            progress(number / len(installed), f"Comparing {runtime.title}")
        checks.append(_checked(model, runtime, graph, cases, cohort))
    return Checks(weights_sha256=model.weights_sha256, graph_sha256=graph.sha256, checks=tuple(checks))


def compare(model: Model, other: GraphEngine, cases: Iterable[tuple[str, Study]], cohort: str) -> tuple[Check, Parity]:
    """An engine's answers held against torch's, with heat maps where the model gives scores.

    Raises
    ------
    RuntimeFault, InferenceError : the engine cannot run the graph, or answers with values that are no numbers.
    """
    from core.engines.torch_engine import TorchEngine

    one = TorchEngine(model, "cpu")
    if model.classes:
        target = model.findings[0] if model.findings else model.classes[0]
        parity = measure_parity(model, explaining(one, model, target), explaining(other, model, target), cases)
    else:
        parity = measure_parity(model, one, other, cases)
    return _told(parity, other.runtime.name, str(other.runtime.installed), version("torch"), cohort), parity


def _checked(model: Model, runtime: Runtime, graph: Graph, cases: list[tuple[str, Study]], cohort: str) -> Check:
    from core.engines.torch_engine import TorchEngine

    TorchEngine(model, "cpu").load()  # where torch itself cannot run it, there is nothing to hold against
    try:
        return compare(model, GraphEngine(model, runtime, graph), cases, cohort)[0]
    except InferenceError as fault:
        log.warning("%s in %s: %s", model.id, runtime.title, fault.told if isinstance(fault, RuntimeFault) else fault)
        said = "It stops while it runs the converted network." if isinstance(fault, RuntimeFault) else fault.found
        return Check(
            engine=runtime.name, version=str(runtime.installed), torch=version("torch"), cohort=cohort, cases=0,
            refused=said, holds=False,
        )  # fmt: skip


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
