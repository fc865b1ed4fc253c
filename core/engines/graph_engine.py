"""A graph as an engine: a checkpoint's own weights in a runtime on the CPU, without torch.

Owns filling, loading, what is kept compiled and the memory that the loaded network takes; the cache and the self-test
are those of all weights (`core.models.loading`). How the heat map is made of the features is told in `core.inference`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.compiled import Compiled
from core.engines.engine import Batch, OutOfMemory, Outputs
from core.engines.graph import FEATURES, Graph
from core.engines.runtimes import Run, Runtime, RuntimeFault
from core.errors import InferenceError
from core.models.loading import Loaded, has_self_test, hold, read_weights
from core.models.model import Model
from core.models.self_test import REDUCED_FACTOR
from core.settings import settings

LINEAR = 2
"""Axes of a linear layer's weight; its bias has one."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A network in a runtime, and the weights that a heat map's closed form asks for."""

    run: Run
    head: Mapping[str, NDArray[Any]]


class GraphEngine:
    """One model in one runtime; satisfies `Engine`."""

    place = "cpu"

    def __init__(self, model: Model, runtime: Runtime, graph: Graph) -> None:
        self.model, self.runtime, self.graph = model, runtime, graph
        self._opened: _Opened | None = None
        self._compiled: Compiled | None = None

    def load(self) -> None:
        """Open the network, filled or as kept, and let it pass the checkpoint's self-test; safe to call again."""
        self._held()

    def run(self, batch: Batch) -> Outputs:
        """Raw outputs for a batch (n, channels, *spatial), as float32.

        Raises
        ------
        OutOfMemory : the batch does not fit.
        """
        return _without_features(self._answers(batch))

    def run_with_features(self, batch: Batch) -> tuple[Outputs, NDArray[np.float32] | None]:
        """The same, and the features (n, channels, *layer) that a heat map weighs, where the network has some."""
        answers = self._answers(batch)
        return _without_features(answers), answers.get(FEATURES)

    def describe(self) -> dict[str, Any]:
        """The runtime in words, and the versions that shaped the numbers."""
        names = ("readroom", self.runtime.package, "numpy")
        versions = {**{name: version(name) for name in names}, "python": platform.python_version()}
        return {"device": f"cpu, {self.runtime.title}", "precision": self.runtime.precision, "versions": versions}

    def head(self) -> Mapping[str, NDArray[Any]]:
        """The weights of the network's linear layers, by name: what a head is made of."""
        return self._held().head

    def _answers(self, batch: Batch) -> Outputs:
        try:
            return self._held().run(np.ascontiguousarray(batch, dtype=np.float32))
        except MemoryError as error:
            raise OutOfMemory(str(error)) from error
        except RuntimeFault as error:
            if "alloc" not in error.told.lower():  # how both word it
                raise
            raise OutOfMemory(error.told) from error

    def _held(self) -> _Opened:
        if self._opened is None:
            self._opened = self._load()
        return self._opened

    def _load(self) -> _Opened:
        try:
            opened = self._hold()
        except InferenceError:
            if self._compiled is None or not self._compiled.was_read:
                raise
            self._compiled.drop()
            opened = self._hold()
        if self._compiled is not None:
            self._compiled.keep()
        return opened

    def _hold(self) -> _Opened:
        # By the graph too: one that was traced anew must not be answered for by the one before.
        opened: _Opened = hold(self.model, f"{self.runtime.name}, graph {self.graph.sha256[:8]}", self._open)
        return opened

    def _open(self) -> Loaded:
        arrays = read_weights(self.model)
        # A compiled network is believed only where the checkpoint's own answers can tell that it is right.
        believed = has_self_test(self.model) and not settings().require_signed
        self._compiled = Compiled(self.model.weights_sha256, self.graph.sha256, self.runtime.name, kept=believed)
        run = self.runtime.open(lambda: self.graph.filled(arrays), self._compiled)
        mib = sum(array.size for array in arrays.values()) * 4 / 2**20
        opened = _Opened(run, {name: array for name, array in arrays.items() if array.ndim <= LINEAR})
        factor = 1 if self.model.variant is None else REDUCED_FACTOR
        return Loaded(opened, mib, lambda array: _without_features(run(array)), factor)


def _without_features(answers: Outputs) -> Outputs:
    return {name: values for name, values in answers.items() if name != FEATURES}
