"""Colour to grey."""

from __future__ import annotations

import numpy as np
import pytest

from core.studies.grey import to_grey


def test_equal_channels_lose_nothing() -> None:
    """Most colour films are grey ones saved carelessly: their greys must come back exactly."""
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)

    back, how = to_grey(np.stack([grey] * 3, axis=-1))

    assert np.array_equal(back, grey)
    assert "equal" in how


def test_colour_is_weighted_as_viewers_do() -> None:
    """Closed form of BT.601 for pure red, green and blue."""
    colour = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)

    grey, how = to_grey(colour)

    assert grey[0] == pytest.approx([76.245, 149.685, 29.07])
    assert how == "colour was converted to grey"
