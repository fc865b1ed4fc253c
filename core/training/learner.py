"""One network on one device: a step, its running average, and what the average says of the inner fold.

Owns the arithmetic of a step (half precision on a GPU, float32 on a CPU) and everything that a step changes.
Order, schedule and the end of a run are the loop's.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from core.engines.engine import Batch
from core.engines.engine import Outputs as Answers
from core.inference.sliding_window import run_windows
from core.metrics.curves import auc
from core.metrics.segmentation import dice
from core.models.architectures import Task
from core.models.building import build_network
from core.training.augment import LEVELS, augment
from core.training.bank import Indexes, Windows, make_bank
from core.training.dataset import Cases
from core.training.losses import make_loss
from core.training.recipe import TrainConfig

WARM_UP = 0.1
"""Share of the steps over which the rate rises: fresh normalisation layers do not bear the full rate at once."""

EVALUATION_BATCH = 64
"""Items at a time where nothing is learned; memory, not the result, depends on it."""

HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


class Learner:
    """A network that learns, the average of its weights, and the items of both parts.

    taught, inner : indexes of the items that are taught and of those that are set aside.
    """

    def __init__(self, cases: Cases, config: TrainConfig, apart: NDArray[np.bool_]) -> None:
        self.cases, self.config = cases, config
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.bank = make_bank(cases, config, self.device)
        of_inner = apart[self.bank.owners]
        self.taught, self.inner = np.flatnonzero(~of_inner), np.flatnonzero(of_inner)
        # Channels last is 25 % faster on a CPU for pictures; 3-D kernels gain nothing.
        self.layout = torch.channels_last if config.model.spatial_dims == 2 else torch.contiguous_format
        self.network = build_network(config.model).to(self.device).to(memory_format=self.layout)
        self.average = copy.deepcopy(self.network)
        self.averaged_steps = 0
        on_gpu = self.device.type == "cuda"
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning.rate, weight_decay=config.learning.weight_decay, fused=on_gpu
        )
        self.half = HALF.get(config.learning.amp) if on_gpu else None
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.half is torch.float16)
        self.generator = torch.Generator(self.device).manual_seed(config.learning.seed)
        self.level = replace(LEVELS[config.learning.augmentation], mirror=config.learning.mirror)
        classes = max(1, len(config.model.classes))
        self.loss = make_loss(config, self.bank.shares(self.taught, classes))
        if on_gpu:
            torch.backends.cudnn.benchmark = True  # every batch has one shape

    def learn(self, at: Indexes, rate: float, chance: torch.Generator) -> Tensor:
        """One step on these items; the loss, left on the device."""
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, targets = self.bank.batch(at, chance)
        masks = augment(images, self.level, self.generator, targets if targets.ndim > 1 else None)
        with self._half():
            outputs = self.network(self._fed(images))
        loss = self.loss(outputs, targets if masks is None else masks)
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self._follow()
        return loss.detach()

    def averaged(self, weights: Mapping[str, Tensor] | None) -> nn.Module:
        """The averaged network, or one with these weights, in evaluation mode on the CPU."""
        if weights is None:
            self._settle()
        else:
            self.average.load_state_dict(weights)
        return self.average.cpu().to(memory_format=torch.contiguous_format).eval()

    def inner_figure(self) -> float | None:
        """AUC, or mean Dice over labels and cases, on the inner fold; None where there is none."""
        if not len(self.inner):
            return None
        self._settle()
        self.average.eval()
        if self.config.model.task is Task.CLASSIFICATION:
            return self._inner_auc()
        drawn = self._inner_windows() if isinstance(self.bank, Windows) else self._inner_slices()
        labels = range(1, len(self.config.model.labels) + 1)
        found = [dice(np.asarray(self.cases.targets[case]) == n, d == n) for case, d in drawn.items() for n in labels]
        known = [value for value in found if value is not None]
        return float(np.mean(known)) if known else None

    def _inner_auc(self) -> float | None:
        finding = self.config.model.classes.index(self.config.finding or "")
        scores, targets = [], []
        for part in _parts(self.inner):
            images, wanted = self.bank.batch(part, None)
            scores.append(self._ask(images).softmax(1)[:, finding])
            targets.append(wanted == finding)
        labels = torch.cat(targets).cpu().numpy()
        return auc(torch.cat(scores).cpu().numpy(), labels).value if 0 < labels.sum() < len(labels) else None

    def _inner_slices(self) -> dict[int, NDArray[np.uint8]]:
        """The label map of each volume of the inner fold, slice by slice."""
        drawn = [self._decide(self._ask(self.bank.batch(part, None)[0])) for part in _parts(self.inner)]
        together, owners = np.concatenate(drawn), self.bank.owners[self.inner]
        return {int(case): together[owners == case] for case in np.unique(owners)}

    def _inner_windows(self) -> dict[int, NDArray[np.uint8]]:
        """The label map of each volume of the inner fold, windows blended as serving blends them."""
        patch = self.config.input.patch or ()
        found = {}
        for case in self.inner:
            outputs = run_windows(_Asked(self), self.cases.images[case], patch, batch=4).outputs
            found[int(case)] = self._decide(torch.from_numpy(outputs["segmentation"]))[0]
        return found

    def _decide(self, logits: Tensor) -> NDArray[np.uint8]:
        """Label maps (n, *spatial) from logits (n, channels, *spatial); half is the border of a sigmoid."""
        if self.config.model.segmentation_activation == "softmax":
            return logits.argmax(1).to(torch.uint8).cpu().numpy()
        best, label = logits.max(1)
        return torch.where(best >= 0, label + 1, 0).to(torch.uint8).cpu().numpy()

    def _ask(self, images: Tensor) -> Tensor:
        """What the averaged network answers: class logits, or those of the label map, float32."""
        with torch.inference_mode(), self._half():
            outputs = self.average(self._fed(images))
        answer: Tensor = outputs["segmentation"] if isinstance(outputs, Mapping) else outputs
        return answer.float()

    def _settle(self) -> None:
        """Measure the averaged network's batch statistics on the taught items as they are.

        An average of running averages belongs to none of the weights. The items are mixed, since the spread is
        measured batch by batch: tables lie sorted by class and volumes slice by slice, and batches of one class or one
        patient would leave out how far these lie apart. In full precision, since means are taken of many.
        """
        mixed = np.random.default_rng(self.config.learning.seed).permutation(self.taught)
        update_bn((self._fed(self.bank.batch(part, None)[0]) for part in _parts(mixed)), self.average)

    def _follow(self) -> None:
        """Move the average towards the weights."""
        ours: list[Tensor] = list(self.average.parameters())
        theirs: list[Tensor] = list(self.network.parameters())
        with torch.no_grad():
            share = 1.0 if self.averaged_steps == 0 else 1 - self.config.learning.average
            torch._foreach_lerp_(ours, theirs, share)
        self.averaged_steps += 1

    def _fed(self, images: Tensor) -> Tensor:
        """On the device, grey repeated to the network's channels, as `preprocess` does for serving."""
        spec = self.config.input
        fed = images.repeat_interleave(spec.network_channels, 1) if spec.repeats_grey else images
        return fed.to(self.device, memory_format=self.layout)

    def _half(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.half, enabled=self.half is not None)


class _Asked:
    """The averaged network as an engine, for the windows of serving."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def load(self) -> None:
        """It is where it learns."""

    def run(self, batch: Batch) -> Answers:
        """Its label map's logits."""
        return {"segmentation": self.learner._ask(torch.from_numpy(batch)).cpu().numpy()}

    def describe(self) -> dict[str, object]:
        """Nothing is reported of it."""
        return {}


def rate_at(step: int, steps: int) -> float:
    """The share of the full rate at a step: linear up, then half a cosine down to nearly nothing."""
    rising = max(1, int(WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _parts(at: Indexes) -> list[Indexes]:
    return np.array_split(at, math.ceil(len(at) / EVALUATION_BATCH))
