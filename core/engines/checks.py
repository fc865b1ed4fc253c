"""What was found when an engine's answers were held against torch's, kept beside the graph.

Owns the file and what it must say before an engine may be used: the same weights, the same graph, and differences
within the limits on real cases, or on samples where nobody has the cases. How it is measured is told in
`core.inference.parity`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from core.engines.graph import SUFFIX, Graph, graph_places
from core.models.atomic import write_atomically
from core.models.comparison import Check
from core.models.model import Model

CHECKS_SUFFIX: Final = ".engines.json"


class Checks(BaseModel):
    """All of one model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights_sha256: str
    graph_sha256: str
    checks: tuple[Check, ...] = ()


class Standing(BaseModel):
    """Whether an engine may be used. why_not : empty, or the sentence that forbids it. check : what it rests on."""

    model_config = ConfigDict(frozen=True)

    why_not: str = ""
    check: Check | None = None


def held_against_torch(model: Model, graph: Graph, engine: str) -> Standing:
    """Whether that engine's answers were found equal to torch's for this graph and these weights."""
    kept = read_checks(model)
    if kept is None or kept.graph_sha256 != graph.sha256:
        return Standing(why_not="Its answers were not compared with torch's.")
    check = next((one for one in kept.checks if one.engine == engine), None)
    if check is None:
        return Standing(why_not="Its answers were not compared with torch's.")
    if check.refused:
        return Standing(why_not=check.refused, check=check)
    if not check.holds:
        return Standing(why_not=f"Its answers differ from torch's: {check.words()}.", check=check)
    return Standing(check=check)


def checks_places(model: Model) -> tuple[Path, ...]:
    """Where they may lie: beside the graphs."""
    return tuple(path.with_name(path.name.removesuffix(SUFFIX) + CHECKS_SUFFIX) for path in graph_places(model))


def read_checks(model: Model) -> Checks | None:
    """What was kept of a model's weights, from the first place that can be read; None where nothing was."""
    for path in checks_places(model):
        try:
            found = Checks.model_validate_json(path.read_text())
        except (OSError, ValidationError):
            continue
        if found.weights_sha256 == model.weights_sha256:
            return found
    return None


def write_checks(path: Path, checks: Checks) -> None:
    """Keep them, whole or not at all."""
    write_atomically(path, (json.dumps(checks.model_dump(), indent=1) + "\n").encode())
