"""The learning itself: seeded steps down a cosine, and a running average of the weights that is kept.

Owns losses, batches, the schedule and the average. Data come from `dataset`, figures from `evaluate`.
The network after the last step is the result: no epoch is picked by looking.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from core.metrics import auc, dice
from core.models.architectures import Task
from core.models.building import build_network
from core.training.augment import LEVELS, augment
from core.training.dataset import Cases, inner_fold
from core.training.recipe import TrainConfig

Progress = Callable[[float, str], None]

WARM_UP = 0.1
"""Share of the steps over which the rate rises: fresh normalisation layers do not bear the full rate at once."""

INNER_LOOKS = 8
"""How often a run with an inner fold reports on it."""

EVALUATION_BATCH = 32
"""Cases at a time where nothing is learned; memory, not the result, depends on it."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass: mean loss, and the inner fold's figure (AUC, or mean Dice) where it was looked at."""

    number: int
    loss: float
    inner: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network in evaluation mode on the CPU, how it got there, and in what time.

    seconds : by the clock, waiting for others included; cpu_seconds : of this process's processors.
    """

    network: nn.Module
    history: tuple[Epoch, ...]
    cases: int
    steps: int
    seconds: float
    cpu_seconds: float
    device: str
    threads: int


def train_network(cases: Cases, config: TrainConfig, progress: Progress | None = None) -> Trained:
    """A network of the recipe, taught these cases from random weights; the same seed gives the same draws.

    Parameters
    ----------
    cases : prepared training cases. progress : called after each step with the share done and a sentence.
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    torch.manual_seed(config.learning.seed)
    run = _Run(cases, config)
    history = []
    for number in range(1, config.learning.epochs + 1):
        loss = run.epoch(number, progress)
        look = number % max(1, config.learning.epochs // INNER_LOOKS) == 0 or number == config.learning.epochs
        history.append(Epoch(number, loss, run.inner_figure() if look else None))
        if progress is not None:
            inner = f", inner fold {history[-1].inner:.4f}" if history[-1].inner is not None else ""
            progress(number / config.learning.epochs, f"Epoch {number}: mean loss {loss:.4f}{inner}")
    return Trained(
        network=run.averaged(),
        history=tuple(history),
        cases=len(run.taught),
        steps=run.step,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu_started,
        device=str(run.device),
        threads=torch.get_num_threads(),
    )


class _Run:
    """What changes while a network learns."""

    def __init__(self, cases: Cases, config: TrainConfig) -> None:
        self.cases, self.config = cases, config
        learning = config.learning
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.generator = torch.Generator().manual_seed(learning.seed)
        apart = inner_fold(cases.patients, learning.hold_out, learning.seed)
        self.taught, self.inner = np.flatnonzero(~apart), np.flatnonzero(apart)
        # Channels last is 25 % faster on a CPU for pictures; 3-D kernels gain nothing.
        self.layout = torch.channels_last if config.model.spatial_dims == 2 else torch.contiguous_format
        self.network = build_network(config.model).to(self.device).to(memory_format=self.layout)
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(learning.average))  # type: ignore[no-untyped-call]
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=learning.rate, weight_decay=learning.weight_decay
        )
        self.loss = _loss(cases, self.taught, config, self.device)
        self.batch = min(learning.batch, len(self.taught))
        self.steps_per_epoch = len(self.taught) // self.batch  # what is left over comes in another epoch's order
        self.step = 0

    def epoch(self, number: int, progress: Progress | None) -> float:
        """One pass over the taught cases; the mean loss."""
        self.network.train()
        order = self.taught[torch.randperm(len(self.taught), generator=self.generator).numpy()]
        total, steps = 0.0, self.steps_per_epoch * self.config.learning.epochs
        for i in range(self.steps_per_epoch):
            for group in self.optimiser.param_groups:
                group["lr"] = self.config.learning.rate * _rate(self.step, steps)
            images, targets = self._drawn(order[i * self.batch : (i + 1) * self.batch])
            loss = self.loss(self.network(images), targets)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.average.update_parameters(self.network)
            total += loss.item()
            self.step += 1
            if progress is not None:
                progress(
                    self.step / steps, f"Epoch {number} of {self.config.learning.epochs}, loss {total / (i + 1):.3f}"
                )
        return total / self.steps_per_epoch

    def averaged(self) -> nn.Module:
        """The averaged weights with normalisation statistics of their own, in evaluation mode."""
        self._settle()
        network: nn.Module = self.average.module.cpu()
        return network.to(memory_format=torch.contiguous_format).eval()

    def inner_figure(self) -> float | None:
        """AUC, or mean Dice over labels and cases, on the inner fold; None where there is none."""
        if not len(self.inner):
            return None
        self._settle()
        self.average.eval()
        batches = [self._batch(part, random=False) for part in _parts(self.inner)]
        with torch.inference_mode():
            outputs = [self.average(self._fed(images)).cpu() for images, _ in batches]
        targets = [wanted for _, wanted in batches]
        if self.config.model.task is Task.CLASSIFICATION:
            finding = self.config.model.classes.index(self.config.finding or "")
            scores = torch.cat([o.softmax(1)[:, finding] for o in outputs]).numpy()
            return auc(scores, torch.cat(targets).numpy() == finding).value
        drawn, reference = torch.cat(outputs).argmax(1).numpy(), torch.cat(targets).numpy()
        labels = range(1, len(self.config.model.labels) + 1)
        found = [dice(r == n, d == n) for r, d in zip(reference, drawn, strict=True) for n in labels]
        return float(np.mean([d for d in found if d is not None]))

    def _settle(self) -> None:
        """Measure the averaged network's batch statistics on the taught cases as they are.

        An average of running averages belongs to none of the weights.
        """
        update_bn((self._fed(self._batch(part, random=False)[0]) for part in _parts(self.taught)), self.average)

    def _drawn(self, at: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """A batch as it is taught: cropped to the patch where volumes are larger, and varied; on the device."""
        images, targets = self._batch(at, random=True)
        level = LEVELS[self.config.learning.augmentation]
        masks = augment(images, level, self.generator, targets if targets.ndim > 1 else None)
        return self._fed(images), (targets if masks is None else masks).to(self.device)

    def _batch(self, at: NDArray[np.int64], *, random: bool) -> tuple[Tensor, Tensor]:
        """Images (n, channels, *spatial) and targets of these cases; of volumes one window, anywhere or the middle."""
        patch, images, targets = self.config.input.patch, self.cases.images, self.cases.targets
        if patch is None:
            return torch.from_numpy(np.stack([images[i] for i in at])), torch.as_tensor(np.asarray(targets)[at])
        cuts = [self._window(images[i].shape[1:], patch, random=random) for i in at]
        seen = np.stack([images[i][(slice(None), *cut)] for i, cut in zip(at, cuts, strict=True)])
        return torch.from_numpy(seen), torch.from_numpy(
            np.stack([targets[i][c] for i, c in zip(at, cuts, strict=True)])
        )

    def _window(self, shape: tuple[int, ...], patch: tuple[int, ...], *, random: bool) -> tuple[slice, ...]:
        chance = torch.rand(len(shape), generator=self.generator).tolist() if random else [0.5] * len(shape)
        starts = [int(c * (n - side + 1)) for c, n, side in zip(chance, shape, patch, strict=True)]
        return tuple(slice(start, start + side) for start, side in zip(starts, patch, strict=True))

    def _fed(self, images: Tensor) -> Tensor:
        """On the device, grey repeated to the network's channels, as `preprocess` does for serving."""
        wanted = self.config.input.network_channels
        fed = images if images.shape[1] == wanted else images.repeat_interleave(wanted, 1)
        return fed.to(self.device, memory_format=self.layout)


def _parts(at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(at, math.ceil(len(at) / EVALUATION_BATCH))


def _rate(step: int, steps: int) -> float:
    """The share of the full rate at a step: linear up, then half a cosine down to nearly nothing."""
    rising = max(1, int(WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _loss(
    cases: Cases, taught: NDArray[np.int64], config: TrainConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy weighted so that both classes count alike; for label maps Dice (labels) plus cross-entropy."""
    if config.model.task is Task.CLASSIFICATION:
        counts = np.bincount(np.asarray(cases.targets)[taught], minlength=len(config.model.classes))
        weights = torch.tensor(counts.sum() / (len(counts) * np.maximum(counts, 1)), dtype=torch.float32, device=device)
        smoothing = config.learning.label_smoothing
        return lambda logits, targets: F.cross_entropy(logits, targets, weight=weights, label_smoothing=smoothing)
    from monai.losses.dice import DiceCELoss

    overlap = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False)

    def segmentation(logits: Tensor, targets: Tensor) -> Tensor:
        loss: Tensor = overlap(logits, targets[:, None].long())
        return loss

    return segmentation
