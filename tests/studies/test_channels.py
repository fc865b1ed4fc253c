"""Several studies as channels of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import GeometryError
from core.studies import combine_channels, read_study
from tests.studies.builders import nifti

RNG = np.random.default_rng(2)


def _volume(path: Path, shape: tuple[int, ...] = (5, 6, 7), shift: float = 0.0) -> Path:
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[0, 3] = shift
    return nifti(path, RNG.integers(0, 99, shape).astype(np.int16), affine)


def test_channels_keep_their_names_order_and_windows(tmp_path: Path) -> None:
    """A network reads channels by place, so a name must stay with its picture."""
    flair, t1 = (read_study([_volume(tmp_path / f"{name}.nii")]) for name in ("a", "b"))

    both = combine_channels({"flair": flair, "t1": t1})

    assert both.channels == ("flair", "t1")
    assert np.array_equal(both.pixels[0], flair.pixels[0])
    assert np.array_equal(both.pixels[1], t1.pixels[0])
    assert both.windows == (*flair.windows, *t1.windows)
    assert both.report.files == 2


def test_hash_depends_on_which_file_is_which_channel(tmp_path: Path) -> None:
    """Swapped channels are another input, given in another order they are the same."""
    one, two = (read_study([_volume(tmp_path / f"{name}.nii")]) for name in ("a", "b"))

    straight, swapped = combine_channels({"x": one, "y": two}), combine_channels({"x": two, "y": one})

    assert straight.sha256 != swapped.sha256
    assert straight.sha256 == combine_channels({"y": two, "x": one}).sha256


@pytest.mark.parametrize(
    ("other", "word"), [({"shape": (5, 6, 8)}, "5 x 6 x 8 voxels"), ({"shift": 3.0}, "3.0 mm apart")]
)
def test_other_grids_are_refused_with_the_numbers(tmp_path: Path, other: dict[str, object], word: str) -> None:
    """Compared cell by cell, shifted channels look like disease."""
    one = read_study([_volume(tmp_path / "a.nii")])
    two = read_study([_volume(tmp_path / "b.nii", **other)])  # type: ignore[arg-type]

    with pytest.raises(GeometryError, match=word):
        combine_channels({"x": one, "y": two})


def test_shift_of_rounding_is_accepted(tmp_path: Path) -> None:
    """Converters round origins to float32."""
    one, two = (read_study([_volume(tmp_path / f"{shift}.nii", shift=shift)]) for shift in (0.0, 0.01))

    assert combine_channels({"x": one, "y": two}).pixels.shape == (2, 5, 6, 7)


def test_nothing_is_no_study() -> None:
    """An empty mapping has no grid."""
    with pytest.raises(GeometryError):
        combine_channels({})
