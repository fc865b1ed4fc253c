"""What a network is punished for: wrong classes, and label maps that miss.

Owns the three losses, one a task. Networks may compute in half precision; losses are taken in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.architectures import Task
from core.training.recipe import TrainConfig

Outputs = Tensor | Mapping[str, Tensor]
Loss = Callable[[Outputs, Tensor], Tensor]

SMOOTH = 1.0
"""Voxels added to both sides of the overlap: a batch without a label then asks for few voxels, not for none at all."""


def make_loss(config: TrainConfig, shares: Tensor) -> Loss:
    """The loss of the recipe's task.

    shares : (classes,) how much of what is taught each class is; all equal where there are none. Targets are
    (n,) class indexes, or (n, *spatial) label maps: of a multitask network the class is then whether any
    label is in the picture as it is shown.
    """
    learning, sigmoid = config.learning, config.model.segmentation_activation == "sigmoid"
    weight = 1 / (len(shares) * shares.clamp_min(1e-6)) if learning.balance == "classes" else torch.ones_like(shares)

    def classes(logits: Tensor, targets: Tensor) -> Tensor:
        return class_loss(logits, targets, weight, learning.label_smoothing, learning.focal)

    def both(outputs: Outputs, maps: Tensor) -> Tensor:
        if isinstance(outputs, Tensor):
            raise TypeError("a multitask network answers with a mapping")
        return map_loss(outputs["segmentation"], maps, sigmoid=sigmoid) + learning.class_share * classes(
            outputs["logits"], any_label(maps)
        )

    def one(outputs: Outputs, targets: Tensor) -> Tensor:
        if not isinstance(outputs, Tensor):
            raise TypeError("a network with one task answers with a tensor")
        if config.model.task is Task.CLASSIFICATION:
            return classes(outputs, targets)
        return map_loss(outputs, targets, sigmoid=sigmoid)

    return both if config.model.task is Task.MULTITASK else one


def any_label(maps: Tensor) -> Tensor:
    """(n,) 1 where a map (n, *spatial) has any label, else 0."""
    return (maps.flatten(1) > 0).any(1).long()


def class_loss(logits: Tensor, targets: Tensor, weight: Tensor, smoothing: float, focal: float) -> Tensor:
    """Weighted cross-entropy, (n, classes) against (n,); with `focal` > 0 less for what is already sure.

    References
    ----------
    Lin et al. 2017, Focal Loss for Dense Object Detection, equation 5.
    """
    logits = logits.float()
    each = F.cross_entropy(logits, targets, weight=weight, label_smoothing=smoothing, reduction="none")
    if focal:
        right = logits.softmax(1).gather(1, targets[:, None])[:, 0]
        each = each * (1 - right) ** focal
    return each.sum() / weight[targets].sum()


def map_loss(logits: Tensor, maps: Tensor, *, sigmoid: bool) -> Tensor:
    """1 - Dice (mean over labels, each over the whole batch) plus cross-entropy.

    logits : (n, channels, *spatial); channel 0 is the background unless `sigmoid`. maps : (n, *spatial).
    The batch counts as one picture, so that slices without a label do not drown the overlap.
    """
    logits = logits.float()
    if sigmoid:
        marks = torch.stack([maps == n + 1 for n in range(logits.shape[1])], 1).float()
        shown, cross = logits.sigmoid(), F.binary_cross_entropy_with_logits(logits, marks)
    else:
        marks = torch.stack([maps == n for n in range(1, logits.shape[1])], 1).float()
        shown, cross = logits.softmax(1)[:, 1:], F.cross_entropy(logits, maps.long())
    axes = [0, *range(2, marks.ndim)]
    common, both = (shown * marks).sum(axes), shown.sum(axes) + marks.sum(axes)
    return 1 - ((2 * common + SMOOTH) / (both + SMOOTH)).mean() + cross
