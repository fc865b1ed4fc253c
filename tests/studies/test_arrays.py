"""Arrays as studies: shapes that are read, and that nothing is claimed about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import DamagedFile, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies.arrays import study_from_array
from core.studies.study import Kind


@pytest.mark.parametrize(
    ("shape", "kind", "channels"),
    [
        ((8, 9), Kind.FILM, ("image",)),
        ((1, 8, 9), Kind.FILM, ("image",)),
        ((4, 5, 6), Kind.VOLUME, ("T1",)),
        ((2, 4, 5, 6), Kind.VOLUME, ("T1", "T2")),
    ],
)
def test_values_stay_what_they_are(shape: tuple[int, ...], kind: Kind, channels: tuple[str, ...]) -> None:
    """Channels first, float32, and a copy: what the caller does with its array afterwards changes nothing."""
    values = np.random.default_rng(0).integers(-1000, 3000, shape).astype(np.int16)

    study = study_from_array(values, kind, channels)
    before = study.pixels.copy()
    values[...] = 0

    assert np.array_equal(study.pixels, before)
    assert study.pixels.shape == (len(channels), *shape[-(2 if kind is Kind.FILM else 3) :])
    assert study.channels == channels
    assert study.geometry.spacing_mm is None
    assert study.report.modality is None


def test_equal_values_are_the_same_input_and_another_shape_is_not() -> None:
    """Results are bound to the hash."""
    values = np.arange(12.0)

    hashes = [study_from_array(values.reshape(shape), Kind.FILM).sha256 for shape in ((3, 4), (3, 4), (4, 3))]

    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    "values", [np.zeros(4), np.zeros((2, 2), complex), np.zeros((2, 3, 4)), [["a"]], np.zeros((0, 2))]
)
def test_what_is_no_film_is_refused(values: Any) -> None:
    """Named with the shape that came."""
    with pytest.raises(UnsupportedFile, match="The array has"):
        study_from_array(values, Kind.FILM)


def test_values_that_are_no_numbers_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a file."""
    with pytest.raises(DamagedFile, match="not a number"):
        study_from_array([[0.0, np.nan]], Kind.FILM)
    monkeypatch.setenv("READROOM_RASTER_MEGAPIXELS", "1")
    settings.cache_clear()
    with pytest.raises(TooLarge, match="1 million"):
        study_from_array(np.zeros((1001, 1000)), Kind.FILM)
