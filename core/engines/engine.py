"""What runs a network: three methods that every engine has, and how one says that memory ran out.

Owns the protocol alone; which windows are run, and what is done about too little memory, is decided
in `core.inference`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]  # (n, channels, *spatial)
Outputs = dict[str, NDArray[np.float32]]
"""'logits' (n, classes) and/or 'segmentation' (n, outputs, *spatial), raw; explained, also 'heat' (n, 1, *spatial)."""


class OutOfMemory(Exception):
    """Raised by `Engine.run` when this batch does not fit; a smaller one, or another device, may."""


class Engine(Protocol):
    """One network on one device."""

    def load(self) -> None:
        """Bring the weights to the device; safe to call again."""

    def run(self, batch: Batch) -> Outputs:
        """The network's raw outputs for a batch.

        Raises
        ------
        OutOfMemory : the batch does not fit.
        """

    def describe(self) -> dict[str, Any]:
        """'device' (what a reader is told), 'precision' and 'versions' (by library name)."""
