"""Pictures and volumes as they might also have come: moved, stretched, brighter, blurred, noisier.

Owns what is varied while a network learns, on arrays that `core.inference.preprocess` has made, so that
what is augmented is what serving would show. Geometry is varied hard on films because the size, the aspect
and the compression of a file may tell its class (they do in the chest films: each hospital process has its own).
All of it is computed where the pictures lie, without waiting for the device: draws come from its generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Level:
    """How far each property may move; every draw is uniform between its ends.

    scale, aspect : factors of the field shown (log-uniform). shift : share of the side. turn_deg : degrees.
    gamma, contrast : log-uniform factors. blur_px : standard deviation. coarse : share of the pictures that are
    shown at a half or a third of their resolution. noise : in standard deviations of the picture. erase :
    largest side of the erased box, share of the side. mirror : flip the last axis of every second picture.
    """

    scale: float = 1.0
    aspect: float = 1.0
    shift: float = 0.0
    turn_deg: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    blur_px: float = 0.0
    coarse: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    mirror: bool = False


LEVELS = {
    "none": Level(),
    "light": Level(scale=1.1, aspect=1.1, shift=0.05, turn_deg=8.0, gamma=1.25, contrast=1.2, noise=0.1),
    "medium": Level(scale=1.25, aspect=1.15, shift=0.08, turn_deg=15.0, gamma=1.5, contrast=1.3, noise=0.15),
    "strong": Level(
        scale=1.3,
        aspect=1.35,
        shift=0.1,
        turn_deg=10.0,
        gamma=1.6,
        contrast=1.4,
        blur_px=1.2,
        noise=0.15,
        erase=0.35,
    ),
    "hard": Level(
        scale=1.4,
        aspect=1.6,
        shift=0.12,
        turn_deg=15.0,
        gamma=2.0,
        contrast=1.6,
        blur_px=1.6,
        coarse=0.5,
        noise=0.25,
        erase=0.45,
    ),
}
"""Named levels. Mirroring is in none of them: a mirrored heart is another anatomy, and left is not right; a
recipe may ask for it by itself. 'medium' is the hardest that hides no part of what a label map marks; 'strong' and
'hard' blur and erase, in two dimensions. 'hard' also makes sharpness tell nothing, for files of unequal compression."""

COARSE = (2, 3)
"""By how much a coarse picture is shrunk and enlarged again."""


def augment(images: Tensor, level: Level, generator: torch.Generator, masks: Tensor | None = None) -> Tensor | None:
    """Vary a batch in place, each item by its own draw; masks follow the geometry by nearest neighbour.

    Parameters
    ----------
    images : (n, c, *spatial) float32, two or three spatial axes. masks : (n, *spatial) integers.
    generator : of the device that the images lie on.

    Returns
    -------
    The moved masks, None where there were none.
    """
    came = _moments(images)
    grid = _grid(images, level, generator)
    if grid is not None:
        images.copy_(F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False))
        if masks is not None:
            moved = F.grid_sample(
                masks[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False
            )
            masks = moved[:, 0].to(masks.dtype)
    _vary_grey(images, level, came, generator)
    if level.erase:
        _erase(images, level.erase, generator)
    return masks


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def _factor(n: int, largest: float, generator: torch.Generator) -> Tensor:
    """Log-uniform between 1/largest and largest: as often halved as doubled."""
    bound = math.log(largest)
    return torch.exp(_uniform(n, -bound, bound, generator))


def _grid(images: Tensor, level: Level, generator: torch.Generator) -> Tensor | None:
    """Where each output sample is taken from, (n, *spatial, axes); None where nothing moves."""
    n, axes = images.shape[0], images.ndim - 2
    if level.scale == level.aspect == 1 and not level.shift and not level.turn_deg and not level.mirror:
        return None
    # grid_sample counts axes from the last one; turn and scale first, then shift.
    turned = torch.diag_embed(_stretches(n, axes, level, generator))
    for a, b in [(0, 1)] if axes == 2 else [(0, 1), (0, 2), (1, 2)]:
        angle = torch.deg2rad(_uniform(n, -level.turn_deg, level.turn_deg, generator))
        turn = torch.eye(axes, device=images.device).repeat(n, 1, 1)
        turn[:, a, a] = turn[:, b, b] = torch.cos(angle)
        turn[:, a, b], turn[:, b, a] = -torch.sin(angle), torch.sin(angle)
        turned = turn @ turned
    shift = _uniform(n * axes, -2 * level.shift, 2 * level.shift, generator).reshape(n, axes, 1)
    return F.affine_grid(torch.cat([turned, shift], dim=2), list(images.shape), align_corners=False)


def _stretches(n: int, axes: int, level: Level, generator: torch.Generator) -> Tensor:
    """By how much each axis is stretched, the last axis first, (n, axes); negative where it is mirrored."""
    field = _factor(n, level.scale, generator)
    each = torch.stack([field * _factor(n, level.aspect**0.5, generator) for _ in range(axes)], dim=1)
    if level.mirror:
        each[:, 0] *= torch.where(_uniform(n, 0.0, 1.0, generator) < 0.5, -1.0, 1.0)
    return each


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each item, (n, 1, …)."""
    each = (images.shape[0], *(1,) * (images.ndim - 1))
    flat = images.flatten(1)
    return flat.mean(1).reshape(each), flat.std(1).clamp_min(1e-6).reshape(each)


def _vary_grey(images: Tensor, level: Level, came: tuple[Tensor, Tensor], generator: torch.Generator) -> None:
    """Gamma and sharpness at the mean and spread that the items came with; then contrast and noise."""
    n = images.shape[0]
    each = (n, *(1,) * (images.ndim - 1))
    if level.gamma > 1:
        low, high = images.flatten(1).amin(1).reshape(each), images.flatten(1).amax(1).reshape(each)
        span = (high - low).clamp_min(1e-6)
        gamma = _factor(n, level.gamma, generator).reshape(each)
        images.copy_(((images - low) / span).clamp(0, 1) ** gamma * span + low)
    if level.blur_px:
        _blur(images, level.blur_px, generator)
    if level.coarse:
        _coarsen(images, level.coarse, generator)
    mean, spread = _moments(images)
    images.sub_(mean).mul_(came[1] / spread * _factor(n, level.contrast, generator).reshape(each)).add_(came[0])
    if level.noise:
        amount = _uniform(n, 0.0, level.noise, generator).reshape(each)
        grain = torch.randn(images.shape, generator=generator, device=images.device)
        images.add_(grain * amount * came[1])


def _blur(images: Tensor, largest_px: float, generator: torch.Generator) -> None:
    """Every second film, on average, through a Gaussian of its own width; compression and sharpness then tell less."""
    n, channels, rows, columns = images.shape
    sigma = _uniform(n, -largest_px, largest_px, generator).clamp_min(0.05)
    radius = int(3 * largest_px + 0.5)
    at = torch.arange(-radius, radius + 1, device=images.device)
    kernels = torch.exp(-0.5 * (at / sigma[:, None]) ** 2)
    kernels /= kernels.sum(1, keepdim=True)
    taps = kernels.repeat_interleave(channels, 0)
    flat = images.reshape(1, n * channels, rows, columns)
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode="reflect"), taps[:, None, None, :], groups=n * channels)
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode="reflect"), taps[:, None, :, None], groups=n * channels)
    images.copy_(flat.reshape(images.shape))


def _coarsen(images: Tensor, share: float, generator: torch.Generator) -> None:
    """That share of the films shrunk and enlarged again, so that no file is sharper than the others."""
    n = images.shape[0]
    draw = _uniform(n, 0.0, 1.0, generator).reshape(n, 1, 1, 1)
    sharp = images.clone()
    for number, by in enumerate(COARSE):
        small = F.interpolate(sharp, scale_factor=1 / by, mode="area")
        back = F.interpolate(small, size=images.shape[2:], mode="bilinear", align_corners=False)
        low, high = number * share / len(COARSE), (number + 1) * share / len(COARSE)
        images.copy_(torch.where((draw >= low) & (draw < high), back, images))


def _erase(images: Tensor, largest: float, generator: torch.Generator) -> None:
    """A box of every second film set to its mean, so that no single corner carries the answer."""
    n = images.shape[0]
    inside = _uniform(n, 0.0, 1.0, generator).reshape(n, 1, 1, 1) < 0.5
    for axis in (2, 3):
        side = images.shape[axis]
        length = (_uniform(n, 0.0, largest, generator) * side).floor()
        start = (_uniform(n, 0.0, 1.0, generator) * (side - length)).floor()
        at = torch.arange(side, device=images.device)
        within = (at >= start[:, None]) & (at < (start + length)[:, None])
        inside = inside & within.reshape(n, 1, *((side, 1) if axis == 2 else (1, side)))
    images.masked_fill_(inside, 0.0)
