"""Overlap against SimpleITK."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics import dice, volume_ml


def test_dice_and_volume_agree_with_simpleitk(oracles: Any) -> None:
    """Empty masks included: undefined when both are empty, 0 when one is."""
    for case in oracles.answers("segmentation.json")["cases"]:
        reference, prediction, spacing = oracles.masks(case["file"])

        assert dice(reference, prediction) == (case["dice"] if case["dice"] is None else pytest.approx(case["dice"]))
        if len(spacing) == 3:
            assert volume_ml(prediction, spacing) == pytest.approx(case["prediction_ml"])  # type: ignore[arg-type]


def test_masks_of_different_shape_are_refused() -> None:
    """Overlap by index across grids is the mistake that looks right."""
    with pytest.raises(ValueError, match="one grid"):
        dice(np.ones((2, 3)), np.ones((3, 2)))
