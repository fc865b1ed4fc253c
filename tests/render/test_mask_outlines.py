"""Outlines of two masks on the slice where they differ most."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.render.mask_outlines import outlines_png
from core.render.palette import PREDICTED_LINE, REFERENCE_LINE, rgb

from .builders import volume


def places(png: bytes, colour: str) -> np.ndarray:
    """Where a colour is, (rows, columns)."""
    with Image.open(io.BytesIO(png)) as picture:
        return (np.asarray(picture) == rgb(colour)).all(axis=-1)


def test_both_outlines_lie_on_the_slice_where_the_masks_differ_most() -> None:
    """Elsewhere they agree, and there is nothing to see."""
    study = volume(np.zeros((16, 16, 9), np.float32))
    reference = np.zeros((16, 16, 9), bool)
    reference[2:8, 2:8, 2:6] = True
    predicted = reference.copy()
    predicted[10:14, 10:14, 7] = True

    made = outlines_png(study, 64, reference, predicted)

    assert not places(made, REFERENCE_LINE).any()
    drawn = np.argwhere(places(made, PREDICTED_LINE))
    assert np.ptp(drawn, axis=0).tolist() == [15, 15]  # four voxels of four pixels each


def test_masks_that_agree_are_shown_where_they_are_largest() -> None:
    """The amber line then covers the blue one."""
    study = volume(np.zeros((16, 16, 9), np.float32))
    mask = np.zeros((16, 16, 9), bool)
    mask[4:8, 4:8, 5] = True

    assert places(outlines_png(study, 64, mask, mask), PREDICTED_LINE).any()


def test_mask_of_another_grid_is_refused() -> None:
    """A line in the wrong place looks like a finding."""
    study = volume(np.zeros((16, 16, 9), np.float32))

    with pytest.raises(ValueError, match="lies on"):
        outlines_png(study, 64, np.zeros((16, 16, 8), bool), np.zeros((16, 16, 8), bool))
