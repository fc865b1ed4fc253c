"""Components: corners join, small ones are dropped from both masks, one voxel detects."""

from __future__ import annotations

import numpy as np

from core.metrics.lesions import count_lesions, count_lesions_from


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


def test_counts_from_several_smallest_volumes_are_those_of_each() -> None:
    """Found once for all, or once for each: the same lesions."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        real, drawn = (rng.random((8, 9, 7)) < 0.12 for _ in range(2))
        spacing, sizes = (1.0, 0.7, 2.5), (0.0, 1.75, 3.5, 8.0, 1e6)

        found = count_lesions_from(real, drawn, spacing, sizes)

        assert found == [count_lesions(real, drawn, spacing, smallest) for smallest in sizes]
