"""Augmentation: it varies what it says, by its own draw, and takes masks along."""

from __future__ import annotations

import pytest
import torch

from core.metrics.segmentation import dice
from core.training.augment import LEVELS, Level, augment


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_level_none_changes_nothing_but_rounding() -> None:
    """The control: whatever a level does, it does by its numbers alone."""
    images = torch.randn(4, 1, 24, 30, generator=_seeded())
    kept = images.clone()

    augment(images, LEVELS["none"], _seeded(1))

    torch.testing.assert_close(images, kept)


@pytest.mark.parametrize("shape", [(6, 1, 40, 40), (6, 1, 20, 24, 16)])
def test_mask_follows_the_picture(shape: tuple[int, ...]) -> None:
    """A mask left behind teaches a wrong border."""
    images = torch.zeros(shape)
    images[:, :, 8:16, 8:18] = 1.0
    masks = (images[:, 0] > 0.5).to(torch.uint8)
    before = masks.clone()

    moved = augment(images, Level(scale=1.2, aspect=1.2, shift=0.1, turn_deg=15), _seeded(), masks)

    assert moved is not None
    half = (images.amax(dim=tuple(range(1, images.ndim)), keepdim=True) + images.amin()) / 2
    assert all(
        (dice(image[0] > h.item(), mask) or 0) > 0.93 for image, mask, h in zip(images, moved, half, strict=True)
    )
    assert not torch.equal(moved, before)


def test_grey_comes_back_with_the_mean_and_spread_that_it_had() -> None:
    """Serving standardises each picture: training must show pictures standardised alike."""
    images = torch.randn(5, 1, 32, 32, generator=_seeded()) * 2 + 3

    augment(images, Level(gamma=1.8, blur_px=1.0), _seeded(2))

    flat = images.flatten(1)
    torch.testing.assert_close(flat.mean(1), torch.full((5,), 3.0), atol=0.3, rtol=0)
    torch.testing.assert_close(flat.std(1), torch.full((5,), 2.0), atol=0.2, rtol=0)


def test_same_seed_gives_the_same_pictures_and_each_item_its_own() -> None:
    """A recorded seed is worth nothing if it does not decide the draw."""
    picture = torch.randn(1, 1, 32, 32, generator=_seeded()).repeat(3, 1, 1, 1)
    first, second = picture.clone(), picture.clone()

    augment(first, LEVELS["strong"], _seeded(7))
    augment(second, LEVELS["strong"], _seeded(7))

    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_coarse_pictures_lose_detail_and_keep_their_mean_and_spread() -> None:
    """The sharpness of a file must not tell its class, and serving standardises all alike."""
    images = torch.randn(200, 1, 24, 24, generator=_seeded())
    fine = images.diff(dim=-1).flatten(1).std(1)

    augment(images, Level(coarse=0.5), _seeded(4))

    blunted = images.diff(dim=-1).flatten(1).std(1) < 0.8 * fine
    assert 0.4 < blunted.float().mean() < 0.6
    torch.testing.assert_close(images.flatten(1).std(1), torch.ones(200), atol=0.15, rtol=0)


def test_erased_box_is_at_most_as_large_as_said_and_of_every_second_picture() -> None:
    """A box that hides everything teaches nothing."""
    images = torch.ones(400, 1, 40, 40)

    augment(images, Level(erase=0.5), _seeded(5))

    gone = (images == 0).flatten(1).float().mean(1)
    assert 0.4 < (gone > 0).float().mean() < 0.6
    assert gone.max() <= 0.25


def test_no_level_mirrors() -> None:
    """A mirrored chest has its heart on the other side: not a picture that comes in."""
    assert not any(level.mirror for level in LEVELS.values())


def test_mirror_turns_the_last_axis_of_some() -> None:
    """The switch does what it says, for recipes whose anatomy allows it."""
    images = torch.arange(8.0).repeat(16, 1, 8, 1)
    kept = images.clone()

    augment(images, Level(mirror=True), _seeded(3))

    flipped = [torch.allclose(image, whole.flip(-1), atol=1e-3) for image, whole in zip(images, kept, strict=True)]
    same = [torch.allclose(image, whole, atol=1e-3) for image, whole in zip(images, kept, strict=True)]
    assert any(flipped)
    assert any(same)
    assert all(a != b for a, b in zip(flipped, same, strict=True))
