"""What the conversion worker can be asked to do. Everything here runs in a process of its own, without network.

Owns the two tasks and the table that names them. What comes back is the graph's bytes, and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.graph import read_graph
from core.isolation.child import Task
from core.models.catalog import read_model
from core.models.comparison import SAMPLES
from core.workflows.engine_parity import compare_runtimes
from core.workflows.export_model import sample_studies

Answer = tuple[dict[str, Any], dict[str, NDArray[Any]]]


def trace(request: dict[str, Any], _: Path) -> Answer:
    """The stripped graph of a checkpoint of ours, as the array 'graph' of bytes. request : path."""
    from core.engines.graph_export import trace_graph

    return {}, {"graph": np.frombuffer(trace_graph(read_model(Path(request["path"]))), np.uint8)}


def compare(request: dict[str, Any], scratch: Path) -> Answer:
    """What is found on the shipped samples, as `Checks` in JSON. request : path, and graph, where that lies."""
    model = read_model(Path(request["path"]))
    _, graph = read_graph(Path(request["graph"]), model)
    return compare_runtimes(model, graph, sample_studies(model, scratch), SAMPLES).model_dump(), {}


TABLE: Mapping[str, Task] = {"trace": trace, "compare": compare}
