"""Masks against SimpleITK, SciPy and cc3d: overlap, surfaces, lesions, and every empty-mask result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.segmentation import EmptyPolicy, State, compare_masks, dice, iou, volume_ml


def test_every_figure_of_every_case_agrees_with_other_software(oracles: Any) -> None:
    """Overlap, volume, HD95, NSD and lesions, thick slices, borders, 2-D and empty masks included."""
    rows = oracles.answers("segmentation.json")["cases"]
    assert len(rows) == 7
    for row in rows:
        made = compare_masks(*oracles.masks(row["file"]))

        assert made.state == row["state"]
        for name in ("dice", "iou", "hd95_mm", "volume_error_ml", "volume_error_percent"):
            value = getattr(made, name)
            assert value == (None if row[name] is None else pytest.approx(row[name], rel=1e-9, abs=1e-9)), name
        for tau in (1.0, 2.0):
            expected = row[f"nsd_{tau:g}mm"]
            assert made.nsd[tau] == (None if expected is None else pytest.approx(expected, abs=1e-9))
        assert made.volume_reference_ml == pytest.approx(row["reference_ml"], abs=1e-9)
        assert made.volume_prediction_ml == pytest.approx(row["prediction_ml"], abs=1e-9)
        for name in ("reference", "prediction", "detected", "false_positives"):
            assert getattr(made.lesions, name) == row["lesions"][name]


def test_the_single_figures_are_those_of_the_record(oracles: Any) -> None:
    """Training asks for one figure, the page for all: one definition."""
    for row in oracles.answers("segmentation.json")["cases"]:
        reference, prediction, spacing = oracles.masks(row["file"])

        assert dice(reference, prediction) == (None if row["dice"] is None else pytest.approx(row["dice"]))
        assert iou(reference, prediction) == (None if row["iou"] is None else pytest.approx(row["iou"]))
        assert volume_ml(prediction, spacing) == pytest.approx(row["prediction_ml"])


def test_two_empty_masks_are_perfect_only_where_a_challenge_asks_for_it() -> None:
    """Undefined by default; 1 and 0 mm by name, and the result says which."""
    empty = np.zeros((4, 5, 6))
    plain = compare_masks(empty, empty, (1, 1, 1))
    challenge = compare_masks(empty, empty, (1, 1, 1), empty=EmptyPolicy.CHALLENGE)

    assert (plain.dice, plain.iou, plain.hd95_mm, plain.nsd[1.0]) == (None, None, None, None)
    assert (challenge.dice, challenge.iou, challenge.hd95_mm, challenge.nsd[1.0]) == (1.0, 1.0, 0.0, 1.0)
    assert challenge.empty_policy is EmptyPolicy.CHALLENGE


def test_a_missed_structure_is_as_far_off_as_the_image_is_wide() -> None:
    """Leaving such a case out would reward the model that draws nothing."""
    reference = np.zeros((3, 5))
    reference[1, 1] = 1
    made = compare_masks(reference, np.zeros((3, 5)), (2.0, 1.0))

    assert made.state is State.PREDICTION_EMPTY
    assert (made.dice, made.nsd[2.0], made.hd95_mm) == (0.0, 0.0, pytest.approx(np.hypot(4, 4)))
    assert made.volume_error_percent == -100.0


def test_masks_of_different_shape_or_spacing_are_refused() -> None:
    """Overlap by index across grids is the mistake that looks right."""
    with pytest.raises(ValueError, match="one grid"):
        dice(np.ones((2, 3)), np.ones((3, 2)))
    for spacing in ((1.0,), (1.0, 0.0), (1.0, np.inf)):
        with pytest.raises(ValueError, match="spacing"):
            compare_masks(np.ones((2, 3)), np.ones((2, 3)), spacing)
