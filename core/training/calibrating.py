"""The temperature of a shipped classifier: fitted on the split that may choose, and read off no other.

Owns which films it is fitted on. The fit is `core.metrics`', and the app divides logits by it before any score.
"""

from __future__ import annotations

from core.metrics import Estimate, fit_temperature
from core.training.asking import Scored


def temperature_of(scored: Scored, finding: str) -> Estimate:
    """The temperature that makes the scores of these films likeliest; of films, as it does not depend on the unit.

    Where there is none (one class, or classes that do not overlap), the value is None with its reason.
    """
    return fit_temperature(scored.scores, scored.positive(finding))


def as_fact(found: Estimate, split: str) -> str:
    """What the card says of it."""
    if found.value is None:
        return f"1: none could be fitted on {split} ({(found.reason or 'undefined').replace('_', ' ')})"
    if found.lo is None or found.hi is None:
        return f"{found.value:.3f}, fitted on {split}"
    return f"{found.value:.3f} ({found.lo:.3f} to {found.hi:.3f}), fitted on {split}"
