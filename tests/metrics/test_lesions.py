"""Components: corners join, small ones are dropped from both masks, one voxel detects."""

from __future__ import annotations

import numpy as np

from core.metrics import count_lesions


def test_corners_join_and_one_voxel_detects() -> None:
    """A lesion cut in two by a diagonal would be counted twice with face neighbours."""
    reference, prediction = np.zeros((5, 5), bool), np.zeros((5, 5), bool)
    reference[[0, 1], [0, 1]] = True
    prediction[1, 1] = prediction[4, 4] = True

    made = count_lesions(reference, prediction, (1.0, 1.0))

    assert (made.reference, made.prediction, made.detected, made.false_positives) == (1, 2, 1, 1)


def test_the_smallest_volume_drops_components_from_both_masks() -> None:
    """A component of exactly the smallest volume stays; a dropped reference voxel no longer detects."""
    reference, prediction = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    reference[0, :3] = reference[4, 4] = True
    prediction[0, :2] = prediction[4, 3:6] = True

    made = count_lesions(reference, prediction, (0.1, 1.0), min_lesion_mm3=0.3)

    assert (made.reference, made.prediction, made.detected, made.false_positives) == (1, 1, 0, 1)
