"""Another look at a segmentation: what the viewer needs to move its cut-off without us, and a link to such a look.

Owns at which cut-off a result's own labels stand, and in which words. The probabilities themselves are a picture's,
made by `pictures`; a look changes neither the result nor what is taken home.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.inference.postprocess import FOREGROUND_STEPS, MASK_THRESHOLD, MM3_PER_ML
from core.inference.prediction import Prediction
from core.models.model import EnsembleRule, Model
from core.workflows.mask_sweep import SMALLEST_MM3

LIKELIEST = "the result has likeliest labels"
VOTED = "the result is a vote of members"


@dataclass(frozen=True, slots=True)
class CutOff:
    """What the viewer must know of a result to draw it at other cut-offs.

    steps : a probability of 1 in the steps of the foreground. own : the step at which the result's labels stand; None
    where no one cut-off says them, and `own_text` says what does. labels : how many there are. voxels : of any
    label. voxel_ml : as the result's volumes were counted, None where unknown. voxel_mm3 : as lesions are measured
    (of a film 1 mm thick). smallest_mm3 : smallest regions offered.
    """

    steps: int
    own: int | None
    own_text: str
    labels: int
    voxels: int
    voxel_ml: float | None
    voxel_mm3: float | None
    smallest_mm3: tuple[float, ...] = SMALLEST_MM3


def cut_off_of(found: Prediction, model: Model, meta: Mapping[str, Any]) -> CutOff:
    """The cut-off of a segmentation's result. meta : `Pictures.meta` of its case."""
    voted = model.rule is EnsembleRule.VOTE
    single = len(found.labels) == 1 and not voted
    affine, spacing_mm = meta["affine"], meta["spacing_mm"]
    return CutOff(
        steps=FOREGROUND_STEPS,
        own=round(FOREGROUND_STEPS * MASK_THRESHOLD) if single else None,
        own_text="" if single else VOTED if voted else LIKELIEST,
        labels=len(found.labels),
        voxels=sum(found.voxels.values()),
        voxel_ml=None
        if affine is None or spacing_mm is None
        else abs(float(np.linalg.det(np.array(affine)[:3, :3]))) / MM3_PER_ML,
        voxel_mm3=None if spacing_mm is None else math.prod(spacing_mm),
    )


def read_step(text: str) -> int | None:
    """The step that a link's cut-off asks for; None where it is no number of the slider."""
    try:
        step = float(text) * FOREGROUND_STEPS
    except ValueError:
        return None
    return round(step) if 0.5 <= step <= FOREGROUND_STEPS else None


def step_text(step: int) -> str:
    """A step as a link says it, e.g. '0.35'."""
    return f"{step / FOREGROUND_STEPS:g}"
