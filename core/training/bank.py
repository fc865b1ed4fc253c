"""Prepared cases as tensors, on the device where they fit, and what a step is fed of them.

Owns how cases become items: a film is one, a slice of a volume is one (its neighbours come along as channels, as
serving feeds them), and of a volume that is read in windows each window is drawn anew. Nothing here waits for the
device: indexes are drawn on the CPU, pictures are cut and joined where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.models.architectures import Task
from core.training.dataset import Cases
from core.training.recipe import TrainConfig

FREE_SHARE = 0.5
"""Of the free memory of a device, what the cases may take; the rest is for the network."""

FOREGROUND_VOXELS = 4096
"""Labelled voxels of a volume that windows may be centred on; evenly drawn, more would say the same."""

Indexes = NDArray[np.int64]


class Bank(Protocol):
    """Items that a network is taught, or asked about.

    owners : (items,) the case that each item is of.
    """

    owners: Indexes

    def shares(self, at: Indexes, classes: int) -> Tensor:
        """(classes,) how much of these items each class is, on the device."""

    def batch(self, at: Indexes, chance: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Images (n, channels, *spatial), a copy of their own, and targets of these items, on the device.

        chance : decides where windows lie; without it they lie in the middle.
        """


def make_bank(cases: Cases, config: TrainConfig, device: torch.device) -> Bank:
    """The cases as the recipe's network reads them."""
    if config.input.patch is not None and not config.input.feeds_slices:
        return Windows(cases, config, device)
    return Pictures(cases, config, device)


class Pictures:
    """Films, or the slices of volumes."""

    def __init__(self, cases: Cases, config: TrainConfig, device: torch.device) -> None:
        self.device, self.context = device, config.input.context
        stacks = [image[:, None] if image.ndim == 3 else image for image in cases.images]
        counts = [stack.shape[1] for stack in stacks]
        ends = np.cumsum(counts)
        self.owners = np.repeat(np.arange(len(stacks), dtype=np.int64), counts)
        images = torch.from_numpy(np.concatenate([stack.swapaxes(0, 1) for stack in stacks]))
        maps = config.model.task is not Task.CLASSIFICATION
        targets = torch.from_numpy(np.concatenate(cases.targets) if maps else np.asarray(cases.targets))
        home = _home([images, targets], device)
        self.images, self.targets = images.to(home), targets.to(home)
        self.first = torch.from_numpy(np.repeat(ends - counts, counts)).to(home)
        self.last = torch.from_numpy(np.repeat(ends - 1, counts)).to(home)

    def shares(self, at: Indexes, classes: int) -> Tensor:
        """(classes,) how much of these items each class is."""
        targets = self.targets[torch.from_numpy(at).to(self.targets.device)]
        found = targets if targets.ndim == 1 else (targets.flatten(1) > 0).any(1).long()
        counts = torch.bincount(found, minlength=classes).float()
        return (counts / counts.sum()).to(self.device)

    def batch(self, at: Indexes, chance: torch.Generator | None) -> tuple[Tensor, Tensor]:  # noqa: ARG002 - no windows
        """Whole pictures, each with its neighbours as further channels; the last slice stands for those beyond."""
        where = torch.from_numpy(at).to(self.images.device, non_blocking=True)
        targets = self.targets[where]
        if self.context:
            offsets = torch.arange(-self.context, self.context + 1, device=where.device)
            around = torch.maximum(where[:, None] + offsets, self.first[where, None])
            images = self.images[torch.minimum(around, self.last[where, None])].flatten(1, 2)
        else:
            images = self.images[where]
        return images.to(self.device, non_blocking=True), targets.to(self.device, non_blocking=True)


class Windows:
    """Volumes read in windows of one size."""

    def __init__(self, cases: Cases, config: TrainConfig, device: torch.device) -> None:
        if config.input.patch is None:
            raise ValueError("windows need a size")
        self.device, self.patch = device, config.input.patch
        self.foreground = config.learning.foreground
        self.owners = np.arange(len(cases.images), dtype=np.int64)
        self.marked = [_marked(np.asarray(target)) for target in cases.targets] if self.foreground else []
        images = [torch.from_numpy(image) for image in cases.images]
        targets = [torch.from_numpy(target) for target in cases.targets]
        home = _home([*images, *targets], device)
        self.images, self.targets = [i.to(home) for i in images], [t.to(home) for t in targets]

    def shares(self, at: Indexes, classes: int) -> Tensor:  # noqa: ARG002 - a window's classes are not known before
        """All equal: which classes a window shows is not known before it is drawn."""
        return torch.full((classes,), 1 / classes, device=self.device)

    def batch(self, at: Indexes, chance: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """One window of each volume, of image and label map at one place."""
        cuts = [self._window(int(i), chance) for i in at]
        images = torch.stack([self.images[i][(slice(None), *cut)] for i, cut in zip(at, cuts, strict=True)])
        targets = torch.stack([self.targets[i][cut] for i, cut in zip(at, cuts, strict=True)])
        return images.to(self.device, non_blocking=True), targets.to(self.device, non_blocking=True)

    def _window(self, item: int, chance: torch.Generator | None) -> tuple[slice, ...]:
        shape = self.images[item].shape[1:]
        draws = [0.5] * len(shape) if chance is None else torch.rand(len(shape) + 2, generator=chance).tolist()
        starts = [int(draw * (n - side + 1)) for draw, n, side in zip(draws, shape, self.patch, strict=False)]
        if chance is not None and self.marked and draws[-1] < self.foreground and len(self.marked[item]):
            voxel = self.marked[item][int(draws[-2] * len(self.marked[item]))]
            starts = [
                min(max(int(at) - side // 2, 0), n - side) for at, n, side in zip(voxel, shape, self.patch, strict=True)
            ]
        return tuple(slice(start, start + side) for start, side in zip(starts, self.patch, strict=True))


def _marked(target: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Places of labelled voxels, (at most FOREGROUND_VOXELS, axes), evenly drawn."""
    found = np.argwhere(target)
    return found[:: max(1, len(found) // FOREGROUND_VOXELS)]


def _home(tensors: Sequence[Tensor], device: torch.device) -> torch.device:
    """The device where all of them leave room for the network, else the CPU."""
    if device.type != "cuda":
        return device
    free, _ = torch.cuda.mem_get_info(device)
    wanted = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    return device if wanted < FREE_SHARE * free else torch.device("cpu")
