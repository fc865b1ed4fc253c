"""The bank: items are what serving would feed, and windows lie where the recipe says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.inference.preprocess import preprocess, with_neighbours
from core.training.bank import Pictures, Windows, make_bank
from core.training.dataset import Cases, Folder, in_groups, prepare
from tests.training.conftest import multitask_recipe, recipe, volume_recipe

CPU = torch.device("cpu")


def test_slices_come_with_the_neighbours_that_serving_feeds(volume_folder: Path) -> None:
    """A slice whose neighbours are ordered otherwise than in serving teaches another network."""
    config = recipe(multitask_recipe())
    folder = Folder(volume_folder)
    rows = in_groups(folder.rows(config.data.tables), ["train"])[:2]
    cases = prepare(folder, rows, config)

    bank = make_bank(cases, config, CPU)
    images, maps = bank.batch(np.arange(len(bank.owners)), None)

    served = [preprocess(folder.study(row.image), config.input).array for row in rows]
    folder.close()
    fed = [with_neighbours(array, range(array.shape[1]), config.input.context) for array in served]
    np.testing.assert_array_equal(images.numpy(), np.concatenate(fed))
    np.testing.assert_array_equal(maps.numpy(), np.concatenate(cases.targets))
    assert bank.owners.tolist() == [0] * served[0].shape[1] + [1] * served[1].shape[1]


def _one_voxel() -> Cases:
    image, target = np.zeros((1, 20, 22, 24), np.float32), np.zeros((20, 22, 24), np.uint8)
    target[17, 3, 12] = 1
    image[0] = target
    return Cases((image,), (target,), ("P",))


def test_windows_are_centred_on_a_label_as_often_as_the_recipe_says() -> None:
    """Most windows of a head show no tumour; a network that sees none learns to draw none."""
    plain = volume_recipe()
    plain["model"] = plain["model"] | {"input": plain["model"]["input"] | {"patch": (8, 8, 8)}}
    chance = torch.Generator().manual_seed(0)

    def share(foreground: float) -> float:
        bank = Windows(_one_voxel(), recipe(plain, foreground=foreground), CPU)
        seen = [bank.batch(np.zeros(1, np.int64), chance) for _ in range(300)]
        assert all(torch.equal(image[0, 0] > 0, mask[0] > 0) for image, mask in seen)
        return sum(bool(mask.any()) for _, mask in seen) / len(seen)

    assert share(1.0) == 1.0
    assert 0.5 < share(0.5) < 0.7
    assert share(0.0) < 0.2


def test_window_without_chance_lies_in_the_middle() -> None:
    """Figures of the inner fold must not depend on a draw."""
    plain = volume_recipe()
    plain["model"] = plain["model"] | {"input": plain["model"]["input"] | {"patch": (8, 8, 8)}}
    bank = Windows(_one_voxel(), recipe(plain), CPU)

    image, _ = bank.batch(np.zeros(1, np.int64), None)

    np.testing.assert_array_equal(image[0].numpy(), _one_voxel().images[0][:, 6:14, 7:15, 8:16])


def test_shares_count_slices_with_a_label() -> None:
    """The weight of a class is that of the slices taught, not of the volumes."""
    target = np.zeros((4, 32, 32), np.uint8)
    target[1] = 1
    cases = Cases((np.zeros((1, 4, 32, 32), np.float32),), (target,), ("P",))

    bank = Pictures(cases, recipe(multitask_recipe()), CPU)

    assert bank.shares(np.arange(4), 2).tolist() == [0.75, 0.25]
    assert bank.shares(np.array([0, 1]), 2).tolist() == [0.5, 0.5]
