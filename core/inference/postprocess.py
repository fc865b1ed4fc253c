"""Raw outputs turned into scores by class name and a label map on the study's own grid.

Owns the activations, the rule that gives a voxel its label, and the counting. Thresholds of scores
are applied by whoever shows them, with `core.metrics.is_positive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.grid import Grid
from core.inference.prediction import SliceScores
from core.inference.preprocess import Prepared
from core.metrics.counts import is_positive
from core.studies.study import Study

Float = NDArray[np.float32]
Real = NDArray[Any]  # float32 of maps or float64 of scores; each stays what it is

MASK_THRESHOLD = 0.5
"""A label's probability from which a voxel carries it, where each label has a sigmoid of its own."""

FOREGROUND_STEPS = 200
"""Steps of 0.005 in which the probability of any label is kept: a cut-off of k/200 is then exact, one half too."""

MM3_PER_ML = 1000.0


def softmax(logits: Real, axis: int) -> Real:
    """Probabilities that add up to 1 along `axis`; same shape and type."""
    shifted: Real = logits - logits.max(axis=axis, keepdims=True)
    np.exp(shifted, out=shifted)  # of a volume each copy would be a hundred megabytes
    shifted /= shifted.sum(axis=axis, keepdims=True)
    return shifted


def sigmoid(logits: Real) -> Real:
    """1 / (1 + exp(-logits)) without overflow; same shape and type."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))


def class_probabilities(logits: Float, activation: str) -> NDArray[np.float64]:
    """Probabilities (rows, classes), float64, from logits of that shape.

    A single output is always a sigmoid: a softmax over one number would be 1 for any study.
    """
    exact = logits.astype(np.float64)
    found: NDArray[np.float64] = sigmoid(exact) if _one_by_one(exact, activation) else softmax(exact, 1)
    return found


def class_scores(probability: NDArray[np.float64], classes: Sequence[str], activation: str) -> dict[str, float]:
    """Probability by class name from `class_probabilities`: of a film or a window the one row, else over the slices.

    A finding in one slice is a finding of the volume, so the largest counts: of classes that exclude
    each other that of the second, with the first from the same slice; three and more have no such order
    and are averaged.
    """
    if _one_by_one(probability, activation):
        of_study = probability.max(axis=0)
    elif probability.shape[1] == 2:
        of_study = probability[probability[:, 1].argmax()]
    else:
        of_study = probability.mean(axis=0)
    return {name: float(p) for name, p in zip(classes, of_study, strict=True)}


def scores_by_slice(probability: NDArray[np.float64], classes: Sequence[str], prepared: Prepared) -> SliceScores | None:
    """The rows of `class_probabilities` in the order of the study's own slices; None where slices were not fed.

    Where the network's slices are not the study's, linear between them.
    """
    if not prepared.slicewise:
        return None
    whole = prepared.grid
    along = Grid((0,), whole.flipped[:1], whole.axes[:1])
    on_study = along.to_study(probability.T, order=1)
    return SliceScores(
        whole.source[0], {name: tuple(map(float, row)) for name, row in zip(classes, on_study, strict=True)}
    )


def _one_by_one(rows: NDArray[np.float64], activation: str) -> bool:
    return activation == "sigmoid" or rows.shape[1] == 1


def label_map(logits: Float, prepared: Prepared, activation: str, threshold: float) -> NDArray[np.uint8]:
    """Labels on the study's own grid, uint8.

    Parameters
    ----------
    logits : (outputs, *network grid). With softmax output 0 is background; with sigmoid each output
        is a label of its own, taken from `threshold` upwards, the more probable where two overlap.

    Where the two grids coincide the label map is moved; where they do not, each probability is
    brought over (linear) and the label decided there, so that edges stay smooth.
    """
    if prepared.grid.exact:
        outputs = logits if activation == "softmax" else sigmoid(logits)  # softmax keeps the order of its logits
        return prepared.to_study_grid(decide(outputs, activation, threshold), order=0)
    return decide(each_on_study_grid(logits, prepared, activation), activation, threshold)


def each_on_study_grid(logits: Float, prepared: Prepared, activation: str) -> Iterator[Float]:
    """Probability of each output on the study's own grid, linear between voxels; one (*study) at a time."""
    probability = softmax(logits, 0) if activation == "softmax" else sigmoid(logits)
    return (prepared.to_study_grid(output, order=1) for output in probability)


def decide(outputs: Iterable[Float], activation: str, threshold: float) -> NDArray[np.uint8]:
    """The label of each voxel from the outputs' maps (*grid); a tie goes to the lower label, background first."""
    maps = iter(outputs)
    best = next(maps).copy()
    if activation == "softmax":
        labels = np.zeros(best.shape, np.uint8)
        first = 1
    else:
        labels = is_positive(best, threshold).astype(np.uint8)
        first = 2
    for value, output in enumerate(maps, start=first):
        better = output > best
        if activation == "sigmoid":
            better &= is_positive(output, threshold)
        np.copyto(best, output, where=better)
        labels[better] = value
    return labels


def foreground(logits: Float, prepared: Prepared, activation: str) -> NDArray[np.uint8]:
    """The probability of any label on the study's own grid, in whole steps of 1/200, rounded down.

    Rounded down, so that `steps >= k` says of each voxel whether its probability is at or above k/200.
    With softmax it is what is left of the background; with sigmoid that of the likeliest label.
    """
    any_label = softmax(logits, 0)[1:].sum(axis=0) if activation == "softmax" else sigmoid(logits).max(axis=0)
    return in_steps(prepared.to_study_grid(any_label, order=1))


def in_steps(probability: Float) -> NDArray[np.uint8]:
    """A probability in whole steps of 1/200, rounded down; same shape."""
    # In 64 bits: in 32 the product of a number just below a step would be rounded up to it.
    return np.clip(probability.astype(np.float64) * FOREGROUND_STEPS, 0, FOREGROUND_STEPS).astype(np.uint8)


def count_voxels(labels: NDArray[np.uint8], names: Sequence[str]) -> dict[str, int]:
    """Voxels by label name, the label map's values 1, 2, … in the order of `names`."""
    counts = np.bincount(labels.ravel(), minlength=len(names) + 1)
    return {name: int(counts[value]) for value, name in enumerate(names, start=1)}


def volumes_ml(voxels: dict[str, int], study: Study) -> dict[str, float | None]:
    """Millilitres by label name: voxels times the determinant of the affine; None where no spacing is known."""
    affine = study.geometry.affine
    if affine is None or study.geometry.spacing_mm is None:
        return dict.fromkeys(voxels)
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / MM3_PER_ML
    return {name: count * voxel_ml for name, count in voxels.items()}
