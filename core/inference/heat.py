"""Where in the picture a class score is sensitive to, from one forward pass: Grad-CAM in closed form.

Owns the map that is made of an engine's features and the head's gradient, its enlargement to the size that was fed,
and the way of any map to the study's own grid. Networks without a closed form are `explain`'s.

References
----------
Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.engines.engine import Batch, Outputs
from core.engines.graph_engine import GraphEngine
from core.inference.explaining import ForOneClass
from core.inference.preprocess import Prepared
from core.models import architectures
from core.models.model import Model

Float = NDArray[np.float32]


def has_closed_form(model: Model) -> bool:
    """Whether the gradient of the model's head is known without computing it."""
    return architectures.get(model.config.model_type).head_gradient is not None


class ClosedFormCam(ForOneClass[GraphEngine]):
    """A graph's engine that answers with a heat map beside its outputs; satisfies `Engine`."""

    def run(self, batch: Batch) -> Outputs:
        """Raw outputs, and 'heat' (n, 1, *spatial) of the batch, unscaled and never negative."""
        model = self.engine.model
        gradient = architectures.get(model.config.model_type).head_gradient
        outputs, features = self.engine.run_with_features(batch)
        if gradient is None or features is None:
            raise ValueError(f"{model.config.model_type} has no closed form")
        started = time.perf_counter()
        weights = gradient(self.engine.head(), features, self.target)
        heat = np.maximum(np.einsum("nc,nc...->n...", weights, features), 0)[:, None]
        outputs["heat"] = enlarged(heat, batch.shape[2:])
        self.seconds += time.perf_counter() - started
        return outputs


def enlarged(maps: Float, shape: Sequence[int]) -> Float:
    """Maps (n, 1, *small) at another size, linear along each axis, the border's value beyond the outer centres."""
    for axis, size in enumerate(shape, start=2):
        n = maps.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, n - 1)
        share = (at - below).astype(np.float32).reshape(-1, *(1,) * (maps.ndim - axis - 1))
        maps = maps.take(below, axis) * (1 - share) + maps.take(above, axis) * share
    return maps.astype(np.float32)


def heat_on_study(heat: Float, prepared: Prepared) -> Float:
    """A map (*network grid) on the study's own grid, 0..1 by its peak there; all zero where it has none."""
    on_study: Float = prepared.to_study_grid(heat, order=1)
    peak = float(on_study.max())
    return on_study / np.float32(peak) if peak > 0 else np.zeros_like(on_study)
