"""Drawing from a mean and a few modes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.samples.align import Aligned
from core.samples.appearance import Appearance, draw, read_appearance, write_appearance
from core.samples.fitting import Pictures, Size, components, fit

SIZE = Size(modes=2, shapes=0, coarse=(16, 16), sparse=(4, 4), grain_axes=2)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """60 pictures of two groups: the second has a bright left half; all have noise that is smooth along rows."""
    rng = np.random.default_rng(3)
    groups = np.repeat([0, 1], 30)
    rows, columns = np.mgrid[:32, :32]
    grey = [np.sin(rows / 5) + group * (columns < 16) * 2.0 + 0.3 * rng.normal(size=(32, 32)) for group in groups]
    empty = np.zeros((60, 0, 32, 32), np.float32)
    return Pictures(np.array(grey, np.float32), empty, groups, rng.normal(5, 1, (60, 1)).astype(np.float32))


@pytest.fixture(scope="module")
def made(pictures: Pictures) -> Appearance:
    still = np.zeros((60, 2, 32, 32), np.float32)
    return fit(pictures, Aligned(pictures.grey.mean(0)[None], still, still), SIZE, "drawn")


def test_groups_look_like_themselves(made: Appearance) -> None:
    """A film drawn as one class must not be the other's."""
    drawn = [draw(made, np.random.default_rng(seed), share=share).grey for share in (0.0, 1.0) for seed in range(8)]

    left = [one[:, :16].mean() - one[:, 16:].mean() for one in drawn]
    assert max(left[:8]) < 0.5
    assert min(left[8:]) > 1.5


def test_a_seed_gives_one_picture_and_the_file_keeps_it(made: Appearance, tmp_path: Path) -> None:
    """No picture is stored: the file and the seed are the picture."""
    write_appearance(tmp_path / "a.safetensors", made)
    write_appearance(tmp_path / "b.safetensors", made)
    read = read_appearance(tmp_path / "a.safetensors")

    one, same, other = (draw(read, np.random.default_rng(seed)).grey for seed in (1, 1, 2))

    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.05
    assert read.notice == "drawn"


def test_components_are_orthonormal_and_point_the_same_way_each_time() -> None:
    """A sign that flips from machine to machine would make another picture of the same seed."""
    rows = np.random.default_rng(5).normal(size=(20, 4, 6)).astype(np.float32)

    found, places = components(rows, 3)
    turned, _ = components(rows[::-1], 3)

    flat = found.reshape(3, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(found, turned, atol=1e-4)
    assert places.std(axis=0).tolist() == sorted(places.std(axis=0).tolist(), reverse=True)


def test_grain_has_the_spread_of_what_the_modes_leave(made: Appearance) -> None:
    """Too little of it and a network sees a blur, too much and it sees snow."""
    grain = draw(made, np.random.default_rng(1)).grain

    assert grain.std() == pytest.approx(0.3, rel=0.15)
