"""What was found when the answers of one way to run a network were held against torch's, over whole cases.

Owns the figures and their words. Which limits they must keep is told where they are used: `core.inference.parity` for
float32, `core.models.variants` for less.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

SAMPLES: Final = "synthetic samples"
"""The cohort's name where nobody has real cases at hand."""


class Check(BaseModel):
    """One comparison of an engine with torch, which runs in float32, over whole cases.

    cases : their number, and `cohort` names them. scores : largest difference of a score. decisions, changed : at the
    saved operating points. dice : the lowest over labels and cases. heat : largest difference of a heat map of 0..1.
    refused : why there is nothing to compare, in a sentence; empty where the engine ran.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str
    version: str
    torch: str
    cohort: str
    cases: int
    logits: float | None = None
    scores: float | None = None
    decisions: int = 0
    changed: int = 0
    dice: float | None = None
    heat: float | None = None
    refused: str = ""
    holds: bool

    def short(self) -> str:
        """For a badge: what was compared."""
        if not self.cases:
            return "checked on noise alone"
        return "checked on samples" if self.cohort == SAMPLES else f"checked on {self.cases} cases of {self.cohort}"

    def words(self) -> str:
        """For a table: what was compared, and the worst of what was found."""
        return f"{self.cases} cases of {self.cohort} {self.figures()}"

    def figures(self) -> str:
        """The worst of what was found."""
        parts = [f"against torch {self.torch}"]
        if self.scores is not None:
            parts.append(f"scores within {self.scores:.1e}")
        if self.decisions:
            parts.append(f"{self.changed} of {self.decisions} decisions changed")
        if self.dice is not None:
            parts.append(f"lowest Dice {self.dice:.5f}")
        if self.heat is not None:
            parts.append(f"heat maps within {self.heat:.1e}")
        return ", ".join(parts)
