"""What moving a segmentation's cut-off does to a cohort."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.metrics.lesions import count_lesions
from core.metrics.segmentation import dice, volume_ml
from core.models.catalog import get_model
from core.workflows import cohorts
from core.workflows.documents import Method
from core.workflows.mask_file import read_reference
from core.workflows.mask_measures import alone, left_to_measure
from core.workflows.mask_sweep import CUT_STEPS, SMALLEST_MM3, SWEEP, mask_sweep_document
from core.workflows.score import score
from core.workflows.score_masks import mask_file, read_foreground
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import HIPPOCAMPUS


@pytest.fixture
def kept(tiny: Path, mask_folder: Path) -> KeptCohort:
    """Two volumes with masks and a third whose mask lies on another grid, segmented."""
    return score(cohorts.keep_path(mask_folder), [get_model(HIPPOCAMPUS)])


def test_every_figure_is_that_of_the_mask_at_its_cut_off(kept: KeptCohort, mask_folder: Path) -> None:
    """A slow second way: threshold, then the plain functions."""
    document = mask_sweep_document(kept, alone(kept.models[0]), Method(resamples=100))

    (first, second), cases = document["cases"], cohorts.cohort_cases(kept)
    assert (first["case_id"], second["case_id"]) == ("case-0001", "case-0002")
    assert [one["case_id"] for one in document["input"]["dropped"]] == ["case-0003"]
    reference, spacing = read_reference(mask_folder / "labels" / "v0.nii.gz")
    steps = read_foreground(kept, cases[0], kept.models[0], reference.shape)
    assert steps is not None
    for at, cut in enumerate(CUT_STEPS):
        mask = steps >= cut
        assert first["dice"][at] == dice(reference, mask)
        assert first["prediction_ml"][at] == volume_ml(mask, spacing)
        for size, smallest in enumerate(SMALLEST_MM3):
            expected = count_lesions(reference > 0, mask, spacing, smallest)
            assert first["lesions"][size][at]["detected"] == expected.detected
            assert first["lesions"][size][at]["false_positives"] == expected.false_positives
    assert document["dice"][9]["value"] == np.mean([case["dice"][9] for case in document["cases"]])


def test_volume_falls_as_the_cut_off_rises(kept: KeptCohort) -> None:
    """The one thing that must hold whatever the network says."""
    for case in mask_sweep_document(kept, alone(kept.models[0]), Method(resamples=100))["cases"]:
        assert case["prediction_ml"] == sorted(case["prediction_ml"], reverse=True)


def test_second_asking_reads_what_was_kept(kept: KeptCohort, monkeypatch: pytest.MonkeyPatch) -> None:
    """Components of fifty volumes at nineteen cut-offs are not found at each click."""
    first = mask_sweep_document(kept, alone(kept.models[0]), Method(resamples=100))
    assert left_to_measure(kept, [alone(kept.models[0])], SWEEP) == 0
    monkeypatch.setattr("core.workflows.mask_sweep.count_lesions_from", None)

    assert mask_sweep_document(kept, alone(kept.models[0]), Method(resamples=100))["cases"] == first["cases"]


def test_labelled_voxels_are_never_below_a_third(kept: KeptCohort, mask_folder: Path) -> None:
    """Of three outputs the likeliest has a third; so the kept probability fits the kept mask, voxel by voxel."""
    table = mask_file(kept, kept.models[0])
    case = cohorts.cohort_cases(kept)[0]
    predicted, _ = read_reference(table.prediction[0])
    steps = read_foreground(kept, case, kept.models[0], predicted.shape)

    assert steps is not None
    assert ((predicted > 0) & (steps < 66)).sum() == 0


@pytest.mark.realdata
def test_shipped_hippocampus_draws_the_right_volume_near_a_half(home: Path, shared_data: Path, tmp_path: Path) -> None:
    """Real volumes through the shipped network: Dice is high all along, and volume falls through the reference's."""
    with zipfile.ZipFile(shared_data / "mri" / "hippocampus.zip") as volumes:
        for number in ("001", "003"):
            for folder in ("images", "labels"):
                volumes.extract(f"{folder}/hippocampus_{number}.nii.gz", tmp_path)
    kept = score(cohorts.keep_path(tmp_path), [get_model("hippocampus_unet3d_v1.0.0")])

    document = mask_sweep_document(kept, alone(kept.models[0]), Method(resamples=100))

    assert min(figure["value"] for figure in document["dice"]) > 0.8
    errors = [figure["value"] for figure in document["volume_error_ml"]]
    assert errors[0] > 0 > errors[-1]
