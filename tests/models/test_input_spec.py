"""The input specification refuses what no network could be fed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.models.input_spec import InputSpec
from core.studies.study import Kind

FILM: dict[str, Any] = {"kind": "film", "size": (384, 384)}
VOLUME: dict[str, Any] = {"kind": "volume", "patch": (64, 64, 64)}
SLICES: dict[str, Any] = {"kind": "volume", "size": (256, 256), "slice_axis": 2}


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
        (VOLUME | {"context": 1}, "name a slice_axis"),
        (SLICES | {"context": 4}, "less than or equal to 3"),
        (SLICES | {"context": -1}, "greater than or equal to 0"),
        (SLICES | {"context": "two"}, "context"),
        (SLICES | {"channels": 5}, "channels"),
        (SLICES | {"context": 1, "network_channels": 1}, "from 1 channels of 3 slices"),
        (SLICES | {"context": 1, "normalisation": "imagenet"}, "neighbouring slices"),
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


def test_neighbouring_slices_are_channels_of_the_network() -> None:
    """The first layer's width follows from channels and context; three slices are no repeated grey."""
    spec = InputSpec(**SLICES, channels=("T1", "FLAIR"), context=1)

    assert spec.network_channels == 6
    assert InputSpec(**SLICES, context=2).network_channels == 5
    assert not InputSpec(**SLICES, context=1).repeats_grey
    assert InputSpec(**SLICES, network_channels=3).repeats_grey
    assert spec.sentence() == (
        "Volumes as stored, slices of 256 × 256 px, each with 1 on either side, channels T1, FLAIR."
    )


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


def test_a_specification_without_views_reads_as_it_did_before_there_were_any() -> None:
    """Checkpoints are sealed by the text of their configuration; a new field must not break a seal."""
    silent = InputSpec(kind="film", size=(64, 64))
    told = InputSpec(kind="film", size=(64, 64), views=("PA",))

    assert "views" not in silent.model_dump(mode="json")
    assert InputSpec.model_validate(told.model_dump(mode="json")).views == ("PA",)
