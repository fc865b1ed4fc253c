"""The calibration of a shipped classifier, fitted on the split that may choose and read off no other.

Owns the two numbers: how far the last layer's bias moves, because class weights and label smoothing shift what a
network says of all cases alike, and the temperature that logits are divided by before they become scores. Both rise
with the score, so that they change no order of cases: no operating point and no area depends on them.
"""

from __future__ import annotations

import torch
from torch import nn

from core.metrics.intervals import Estimate
from core.metrics.recalibration import fit_platt, fit_temperature
from core.training.asking import Scored

PLATT = "platt"


def bias_of(scored: Scored, finding: str) -> float:
    """By how much the finding's logit has to rise so that a score of one half means one half; 0 if nobody can tell."""
    fitted = fit_platt(scored.scores, scored.positive(finding))
    return 0.0 if isinstance(fitted, str) else fitted.intercept / fitted.slope


def move_bias(network: nn.Module, classes: int, index: int, by: float) -> bool:
    """Add to the bias of one class in the last layer, in place; False where the network ends in no such layer."""
    layers = [m for m in network.modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not layers or layers[-1].bias is None:
        return False
    with torch.no_grad():
        layers[-1].bias[index] += by
    return True


def temperature_of(scored: Scored, finding: str) -> Estimate:
    """The temperature that makes the scores of these films likeliest; of films, as it does not depend on the unit.

    Where the classes do not overlap there is no likeliest one, and Platt's targets give it, without interval. Of one
    class, or of equal scores, the value is None with its reason.
    """
    positive = scored.positive(finding)
    found = fit_temperature(scored.scores, positive)
    if found.value is None and found.reason == "separated":
        fitted = fit_platt(scored.scores, positive)
        if not isinstance(fitted, str):
            return Estimate(1 / fitted.slope, None, None, PLATT)
    return found


def as_fact(found: Estimate, split: str) -> str:
    """What the card says of it."""
    if found.value is None:
        return f"1: none could be fitted on {split} ({(found.reason or 'undefined').replace('_', ' ')})"
    if found.lo is None or found.hi is None:
        how = " to Platt's targets, as the classes do not overlap there" if found.method == PLATT else ""
        return f"{found.value:.3f}, fitted on {split}{how}"
    return f"{found.value:.3f} ({found.lo:.3f} to {found.hi:.3f}), fitted on {split}"
