"""Pictures and volumes as they might also have come: moved, stretched, brighter, blurred, noisier.

Owns what is varied while a network learns, on arrays that `core.inference.preprocess` has made, so that
what is augmented is what serving would show. Geometry is varied hard on films because the size, the aspect
and the compression of a file may tell its class (they do in the chest films: each hospital process has its own).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Level:
    """How far each property may move; every draw is uniform between its ends.

    scale, aspect : factors of the field shown (log-uniform). shift : share of the side. turn_deg : degrees.
    gamma, contrast : log-uniform factors. blur_px : standard deviation. noise : in standard deviations of the
    picture. erase : largest side of the erased box, share of the side. mirror : flip the last axis of every
    second picture.
    """

    scale: float = 1.0
    aspect: float = 1.0
    shift: float = 0.0
    turn_deg: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    blur_px: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    mirror: bool = False


LEVELS = {
    "none": Level(),
    "light": Level(scale=1.1, aspect=1.1, shift=0.05, turn_deg=8.0, gamma=1.25, contrast=1.2, noise=0.1),
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
}
"""Named levels. Mirroring is in none of them: a mirrored heart is another anatomy, and left is not right."""


def augment(images: Tensor, level: Level, generator: torch.Generator, masks: Tensor | None = None) -> Tensor | None:
    """Vary a batch in place, each item by its own draw; masks follow the geometry by nearest neighbour.

    Parameters
    ----------
    images : (n, c, *spatial) float32, two or three spatial axes. masks : (n, *spatial) integers.

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
    return torch.rand(n, generator=generator) * (high - low) + low


def _factor(n: int, largest: float, generator: torch.Generator) -> Tensor:
    """Log-uniform between 1/largest and largest: as often halved as doubled."""
    bound = float(torch.log(torch.tensor(largest)))
    return torch.exp(_uniform(n, -bound, bound, generator))


def _grid(images: Tensor, level: Level, generator: torch.Generator) -> Tensor | None:
    """Where each output sample is taken from, (n, *spatial, axes); None where nothing moves."""
    n, axes = images.shape[0], images.ndim - 2
    if level.scale == level.aspect == 1 and not level.shift and not level.turn_deg and not level.mirror:
        return None
    # grid_sample counts axes from the last one; turn and scale first, then shift.
    matrix = torch.eye(axes).repeat(n, 1, 1)
    field = _factor(n, level.scale, generator)
    for axis in range(axes):
        stretch = _factor(n, level.aspect**0.5, generator)
        mirror = (
            torch.rand(n, generator=generator) < 0.5 if level.mirror and axis == 0 else torch.zeros(n, dtype=torch.bool)
        )
        matrix[:, axis, axis] = field * stretch * torch.where(mirror, -1.0, 1.0)
    turned = matrix
    for a, b in [(0, 1)] if axes == 2 else [(0, 1), (0, 2), (1, 2)]:
        angle = torch.deg2rad(_uniform(n, -level.turn_deg, level.turn_deg, generator))
        turn = torch.eye(axes).repeat(n, 1, 1)
        turn[:, a, a] = turn[:, b, b] = torch.cos(angle)
        turn[:, a, b], turn[:, b, a] = -torch.sin(angle), torch.sin(angle)
        turned = turn @ turned
    shift = _uniform(n * axes, -2 * level.shift, 2 * level.shift, generator).reshape(n, axes, 1)
    return F.affine_grid(torch.cat([turned, shift], dim=2), list(images.shape), align_corners=False)


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each item, (n, 1, …)."""
    each = (images.shape[0], *(1,) * (images.ndim - 1))
    flat = images.flatten(1)
    return flat.mean(1).reshape(each), flat.std(1).clamp_min(1e-6).reshape(each)


def _vary_grey(images: Tensor, level: Level, came: tuple[Tensor, Tensor], generator: torch.Generator) -> None:
    """Gamma and blur at the mean and spread that the items came with; then contrast and noise."""
    n = images.shape[0]
    each = (n, *(1,) * (images.ndim - 1))
    if level.gamma > 1:
        low, high = images.flatten(1).amin(1).reshape(each), images.flatten(1).amax(1).reshape(each)
        span = (high - low).clamp_min(1e-6)
        gamma = _factor(n, level.gamma, generator).reshape(each)
        images.copy_(((images - low) / span).clamp(0, 1) ** gamma * span + low)
    if level.blur_px:
        _blur(images, level.blur_px, generator)
    mean, spread = _moments(images)
    images.sub_(mean).mul_(came[1] / spread * _factor(n, level.contrast, generator).reshape(each)).add_(came[0])
    if level.noise:
        amount = _uniform(n, 0.0, level.noise, generator).reshape(each)
        images.add_(torch.randn(images.shape, generator=generator) * amount * came[1])


def _blur(images: Tensor, largest_px: float, generator: torch.Generator) -> None:
    """Every second film, on average, through a Gaussian of its own width; compression and sharpness then tell less."""
    n, channels, rows, columns = images.shape
    sigma = _uniform(n, -largest_px, largest_px, generator).clamp_min(0.05)
    radius = int(3 * largest_px + 0.5)
    at = torch.arange(-radius, radius + 1)
    kernels = torch.exp(-0.5 * (at / sigma[:, None]) ** 2)
    kernels /= kernels.sum(1, keepdim=True)
    taps = kernels.repeat_interleave(channels, 0)
    flat = images.reshape(1, n * channels, rows, columns)
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode="reflect"), taps[:, None, None, :], groups=n * channels)
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode="reflect"), taps[:, None, :, None], groups=n * channels)
    images.copy_(flat.reshape(images.shape))


def _erase(images: Tensor, largest: float, generator: torch.Generator) -> None:
    """A box of every second film set to its mean, so that no single corner carries the answer."""
    n, _, rows, columns = images.shape
    draws = torch.rand(n, 5, generator=generator)
    for image, (chance, height, width, top, left) in zip(images, draws.tolist(), strict=True):
        if chance < 0.5:
            h, w = int(height * largest * rows), int(width * largest * columns)
            r, c = int(top * (rows - h)), int(left * (columns - w))
            image[:, r : r + h, c : c + w] = 0
