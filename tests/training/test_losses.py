"""Losses: the formulas of their papers, against torch's, MONAI's and a slow second way."""

from __future__ import annotations

import pytest
import torch
from monai.losses.dice import DiceLoss
from torch.nn import functional as F

from core.training.losses import SMOOTH, any_label, class_loss, make_loss, map_loss
from tests.training.conftest import multitask_recipe, recipe


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_class_loss_without_focus_is_torchs_weighted_cross_entropy() -> None:
    """The plain case must be the textbook's."""
    logits, targets = torch.randn(9, 2, generator=_seeded()), torch.tensor([0, 1, 1, 0, 1, 1, 1, 0, 1])
    weight = torch.tensor([1.6, 0.7])

    ours = class_loss(logits, targets, weight, 0.1, 0.0)

    torch.testing.assert_close(ours, F.cross_entropy(logits, targets, weight=weight, label_smoothing=0.1))


def test_focal_loss_is_that_of_its_paper() -> None:
    """The exponent takes weight from what is already sure, by equation 5 alone."""
    logits, targets = torch.randn(6, 2, generator=_seeded(1)), torch.tensor([0, 1, 1, 0, 1, 0])

    ours = class_loss(logits, targets, torch.ones(2), 0.0, 2.0)

    right = [float(logits[i].softmax(0)[int(t)]) for i, t in enumerate(targets)]
    slow = -sum((1 - p) ** 2 * float(torch.log(torch.tensor(p))) for p in right) / 6
    assert float(ours) == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize(("sigmoid", "channels"), [(False, 3), (True, 2), (True, 1)])
def test_map_loss_is_monais_batch_dice_plus_cross_entropy(sigmoid: bool, channels: int) -> None:
    """Another library's Dice over the batch, and torch's cross-entropy, are the oracle."""
    logits = torch.randn(4, channels, 10, 12, generator=_seeded(2))
    maps = torch.randint(0, channels + sigmoid, (4, 10, 12), generator=_seeded(3), dtype=torch.uint8)

    ours = map_loss(logits, maps, sigmoid=sigmoid)

    same = {"batch": True, "smooth_nr": SMOOTH, "smooth_dr": SMOOTH}
    if sigmoid:
        marks = torch.stack([maps == n + 1 for n in range(channels)], 1).float()
        theirs = DiceLoss(sigmoid=True, **same)(logits, marks) + F.binary_cross_entropy_with_logits(logits, marks)
    else:
        overlap = DiceLoss(softmax=True, to_onehot_y=True, include_background=False, **same)
        theirs = overlap(logits, maps[:, None].long()) + F.cross_entropy(logits, maps.long())
    torch.testing.assert_close(ours, theirs)


def test_multitask_loss_adds_the_classes_that_the_maps_show() -> None:
    """Whether there is a tumour follows from the mask as it is shown, so the two tasks never contradict."""
    config = recipe(multitask_recipe(), class_share=0.7, balance="none")
    outputs = {
        "segmentation": torch.randn(3, 3, 8, 8, generator=_seeded(4)),
        "logits": torch.randn(3, 2, generator=_seeded(5)),
    }
    maps = torch.zeros(3, 8, 8, dtype=torch.uint8)
    maps[1, 2:4, 2:4] = 1

    loss = make_loss(config, torch.tensor([0.5, 0.5]))(outputs, maps)

    assert any_label(maps).tolist() == [0, 1, 0]
    expected = map_loss(outputs["segmentation"], maps, sigmoid=False) + 0.7 * F.cross_entropy(
        outputs["logits"], torch.tensor([0, 1, 0])
    )
    torch.testing.assert_close(loss, expected)


def test_rarer_class_weighs_more_only_when_the_recipe_says_so() -> None:
    """Three pneumonias a normal film must not teach the network to say pneumonia."""
    logits, targets = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
    plain = recipe(multitask_recipe(), balance="none", class_share=1.0)
    weighed = recipe(multitask_recipe(), class_share=1.0)
    maps = torch.zeros(2, 8, 8, dtype=torch.uint8)
    maps[1, 0, 0] = 1
    outputs = {"segmentation": torch.zeros(2, 3, 8, 8), "logits": logits}
    rare = torch.tensor([0.9, 0.1])

    assert make_loss(weighed, rare)(outputs, maps) > make_loss(plain, rare)(outputs, maps)
    torch.testing.assert_close(
        class_loss(logits, targets, 1 / (2 * rare), 0.0, 0.0),
        F.cross_entropy(logits, targets, weight=torch.tensor([1 / 1.8, 5.0])),
    )
