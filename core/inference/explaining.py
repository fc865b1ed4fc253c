"""What engines that answer with a heat map have in common: the engine behind them, the class, and the seconds.

Owns that frame; how the map is made is told in `explain`, by gradients, and in `heat`, in closed form.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from core.engines.engine import Engine

E = TypeVar("E", bound=Engine)


class ForOneClass(Generic[E]):
    """An engine asked for the heat map of one class.

    Parameters
    ----------
    target : index of the logit to explain.

    Attributes
    ----------
    seconds : spent on maps so far, apart from the forward pass.
    """

    def __init__(self, engine: E, target: int) -> None:
        self.engine, self.target = engine, target
        self.seconds = 0.0

    def load(self) -> None:
        """Bring the weights to where the engine runs."""
        self.engine.load()

    def describe(self) -> dict[str, Any]:
        """The engine's own description."""
        return self.engine.describe()
