"""What a class score's gradient is at the layer that a heat map weighs, for heads short enough to say it in numpy.

Owns the closed forms. Each answers with the mean over the grid of the gradient, times the number of places of the
grid (so that it does not depend on the size), as `core.inference.explain` scales it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
Features = NDArray[np.float32]
"""(n, channels, *layer)"""

HeadGradient = Callable[[Weights, Features, int], NDArray[np.float32]]
"""From the network's weights, the features and a class to (n, channels)."""


def mean_then_linear(path: str) -> HeadGradient:
    """The mean over the grid, then one linear layer: its row, whatever the features are."""

    def gradient(weights: Weights, features: Features, target: int) -> NDArray[np.float32]:
        row: NDArray[np.float32] = weights[f"{path}.weight"][target].astype(np.float32)
        return np.broadcast_to(row, features.shape[:2])

    return gradient


def relu_mean_then_linear(path: str) -> HeadGradient:
    """A ReLU before the mean: the row counts where the features are above 0."""

    def gradient(weights: Weights, features: Features, target: int) -> NDArray[np.float32]:
        row: NDArray[np.float32] = weights[f"{path}.weight"][target].astype(np.float32)
        share: NDArray[np.float32] = (features > 0).mean(axis=tuple(range(2, features.ndim)), dtype=np.float32)
        return row * share

    return gradient


def mean_then_hidden(first: str, last: str) -> HeadGradient:
    """The mean, a linear layer, a hard swish and a second linear layer (Howard 2019)."""

    def gradient(weights: Weights, features: Features, target: int) -> NDArray[np.float32]:
        pooled = features.mean(axis=tuple(range(2, features.ndim)), dtype=np.float32)
        inner = weights[f"{first}.weight"].astype(np.float32)
        hidden = pooled @ inner.T + weights[f"{first}.bias"].astype(np.float32)
        # x relu6(x + 3) / 6: flat below -3, the line itself above 3.
        slope = np.where(hidden <= -3, 0, np.where(hidden >= 3, 1, (2 * hidden + 3) / 6)).astype(np.float32)
        found: NDArray[np.float32] = (slope * weights[f"{last}.weight"][target].astype(np.float32)) @ inner
        return found

    return gradient
