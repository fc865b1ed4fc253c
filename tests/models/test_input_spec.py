"""The input specification refuses what no network could be fed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.models.input_spec import InputSpec
from core.studies.study import Kind

FILM: dict[str, Any] = {"kind": "film", "size": (384, 384)}
VOLUME: dict[str, Any] = {"kind": "volume", "patch": (64, 64, 64)}


def test_grey_may_be_repeated_to_three_channels_and_nothing_else() -> None:
    """torchvision networks read three; two named channels cannot become three by themselves."""
    assert InputSpec(**FILM, network_channels=3).network_channels == 3
    assert InputSpec(**VOLUME, channels=("T1", "FLAIR")).network_channels == 2
    with pytest.raises(ValidationError, match="cannot be fed from 2"):
        InputSpec(**VOLUME, channels=("T1", "FLAIR"), network_channels=3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (FILM | {"surprise": 1}, "Extra inputs"),
        (FILM | {"size": None}, "needs rows and columns"),
        (FILM | {"size": (4096, 4096)}, "less than or equal to 2048"),
        (FILM | {"patch": (64, 64, 64)}, "a film has none"),
        (FILM | {"divisor": 5}, "no multiple of 5"),
        (FILM | {"percentiles": (99, 1)}, "first must be below"),
        (FILM | {"channels": ("a", "a")}, "one name"),
        (VOLUME | {"size": (64, 64)}, "slice_axis"),
        (VOLUME | {"patch": (320, 320, 320)}, "more than"),
        (VOLUME | {"orientation": "RAL"}, "orientation"),
        (VOLUME | {"spacing_mm": (1, 1, float("nan"))}, "finite"),
    ],
)
def test_what_cannot_be_is_refused_with_the_key_named(changes: dict[str, Any], reason: str) -> None:
    """A specification comes from files; each bound stands between a file and this machine's memory."""
    with pytest.raises(ValidationError, match=reason):
        InputSpec(**changes)


def test_a_slice_network_walks_a_volume() -> None:
    """2-D networks over volumes have a size and an axis, no window."""
    spec = InputSpec(kind=Kind.VOLUME, size=(256, 256), slice_axis=2)

    assert spec.feeds_slices
    assert spec.sentence() == "Volumes as stored, slices of 256 × 256 px."


def test_the_sidebar_sentence_names_size_channels_and_modality() -> None:
    """One line of facts under the model's name."""
    film = InputSpec(**FILM, modalities=("CR", "DX"))
    volume = InputSpec(**VOLUME, channels=("T1", "FLAIR"), spacing_mm=(1, 1, 1))

    assert film.sentence() == "Films at 384 × 384 px, pad to fit, CR/DX."
    assert volume.sentence() == "Volumes at 1 × 1 × 1 mm, windows of 64 × 64 × 64 voxels, channels T1, FLAIR."


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SRA", "PIL"])
def test_every_axis_order_is_an_orientation(codes: str) -> None:
    """The 48 orders are legal; the one refused above repeats an axis."""
    assert InputSpec(**VOLUME, orientation=codes).orientation == codes
