"""Segmentations of the same cases compared: paired differences, volumes that agree or not, and a mean on the spot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import stats

from core.errors import TableError
from core.metrics.segmentation import dice, volume_ml
from core.models.catalog import get_model
from core.workflows import cohorts
from core.workflows.compare import MEAN
from core.workflows.documents import Document, Method
from core.workflows.evaluate_masks import MaskMethod, masks_document
from core.workflows.mask_comparison import (
    MASK_METRICS,
    MaskQuestion,
    compare_kept_masks,
    compare_mask_table,
    figures_measure,
    mean_of,
)
from core.workflows.mask_comparison_view import agreements, farthest_apart, mask_comparison_csv, mask_sentences
from core.workflows.mask_file import read_reference
from core.workflows.mask_measures import alone, left_to_measure
from core.workflows.score import score
from core.workflows.score_masks import mask_file, read_foreground
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import HIPPOCAMPUS, HIPPOCAMPUS_WIDE

CASES = 12


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve boxes with a hidden patient's id each, drawn once a voxel too far, and once with seeded holes."""
    folder = tmp_path_factory.mktemp("masks")
    random = np.random.default_rng(5)
    rows = ["case_id,reference,near,holes"]
    for number in range(CASES):
        real = np.zeros((20, 18, 12), np.uint8)
        if number < CASES - 1:  # the last one has nothing to draw
            real[4 : 9 + number % 4, 4:12, 3:8] = 1
        near, holes = real.copy(), real * (random.random(real.shape) < 0.5 + 0.04 * number)
        near[3] = near[4]
        holes[0, 0, 0] = 1
        for name, mask in (("reference", real), ("near", near), ("holes", holes.astype(np.uint8))):
            nibabel.save(nibabel.Nifti1Image(mask, np.diag((1.0, 2.0, 1.5, 1.0))), folder / f"{name}{number}.nii.gz")
        rows.append(f"c{number:02d},reference{number}.nii.gz,near{number}.nii.gz,holes{number}.nii.gz")
    path = folder / "masks.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def compared(table: Path, **asked: object) -> Document:
    return compare_mask_table(table, ["near", "holes"], Method(resamples=500), MaskQuestion(**asked))


def values(document: Document, model: str, name: str) -> np.ndarray:
    held = [case[name] for case in document["cases"] if case["model"] == model]
    return np.array([np.nan if value is None else value for value in held])


def test_differences_are_of_the_same_cases_and_their_interval_is_a_second_librarys(table: Path) -> None:
    """The mean of Dice of the one less the other, case by case; SciPy's own bootstrap finds the same ends."""
    document = compare_mask_table(table, ["near", "holes"], Method(resamples=4000), MaskQuestion())
    pair = next(pair for pair in document["pairs"] if pair["primary"])
    apart = values(document, "near", "dice") - values(document, "holes", "dice")
    apart = apart[~np.isnan(apart)]

    second = stats.bootstrap((apart,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1))

    assert len(apart) == pair["difference"]["n"] == CASES - 1
    assert pair["difference"]["value"] == pytest.approx(apart.mean(), abs=1e-12)
    assert pair["difference"]["lo"] == pytest.approx(second.confidence_interval.low, abs=0.01)
    assert pair["difference"]["hi"] == pytest.approx(second.confidence_interval.high, abs=0.01)
    assert pair["p"] == pair["p_holm"] == pytest.approx(2 / 4001)


def test_distance_is_compared_by_its_median_case_by_case(table: Path) -> None:
    """A mean of HD95 hangs on its worst case."""
    document = compared(table)
    pair = next(pair for pair in document["pairs"] if pair["metric"] == "hd95_mm")
    apart = values(document, "near", "hd95_mm") - values(document, "holes", "hd95_mm")

    assert pair["difference"]["value"] == pytest.approx(np.nanmedian(apart), abs=1e-12)
    assert [pair["metric"] for pair in document["pairs"]] == list(MASK_METRICS)


def test_volumes_of_a_pair_agree_as_a_t_interval_says(table: Path) -> None:
    """Bias of the one less the other: the paired t interval of SciPy; limits at 1.96 SD."""
    document = compared(table)
    made = document["agreement"][0]["bland_altman"]
    near, holes = (values(document, name, "volume_prediction_ml") for name in ("near", "holes"))

    paired = stats.ttest_rel(near, holes).confidence_interval()

    assert (made["bias"]["lo"], made["bias"]["hi"]) == pytest.approx((paired.low, paired.high))
    spread = stats.norm.ppf(0.975) * (near - holes).std(ddof=1)
    assert made["upper_limit"]["value"] == pytest.approx((near - holes).mean() + spread)
    against = agreements(document, "1")
    assert [one.title for one in against] == ["near − reference", "holes − reference", "near − holes"]
    reference = values(document, "near", "volume_reference_ml")
    np.testing.assert_allclose(np.array(against[0].points)[:, 1], near - reference)


def test_each_models_own_figures_are_those_of_evaluate(table: Path, tmp_path: Path) -> None:
    """One definition: the comparison's row of a model is what `evaluate` says of it alone."""
    alone_table = table.parent / "near.csv"
    alone_table.write_text(table.read_text().replace(",near,holes", ",prediction,other"))

    single = masks_document(alone_table, Method(resamples=500), MaskMethod())

    assert compared(table)["models"][0]["summaries"] == single["summaries"]


def test_who_left_an_empty_case_empty_is_said_beside_the_difference(table: Path) -> None:
    """Such a case has no Dice where both are empty; it must not vanish."""
    document = compared(table)

    assert document["agreement"][0]["reference_empty"] == 1
    assert document["agreement"][0]["only_a_empty"] == 1
    assert mask_sentences(document)[-1] == (
        "1 cases have nothing to draw: near alone left 1 of them empty, holes alone 0."
    )


def test_cases_that_differ_most_come_first(table: Path) -> None:
    """The last case is right in one and wrong in the other: nothing is farther apart."""
    listed = farthest_apart(compared(table), "near", "holes")

    assert (listed[0].id, listed[0].dice_a, listed[0].dice_b) == ("c11", None, 0.0)
    assert [one.apart for one in listed] == sorted((one.apart for one in listed), reverse=True)


def test_margin_is_judged_by_the_lower_end(table: Path) -> None:
    """Not worse by more than the margin, in the figure's own units; of figures that are better when higher alone."""
    pair = compared(table, margin=0.01)["pairs"][0]

    assert pair["non_inferior"] is (pair["difference"]["lo"] > -0.01)
    with pytest.raises(ValueError, match="better when higher"):
        MaskQuestion(primary="hd95_mm", margin=1.0)
    with pytest.raises(ValueError, match="There is no label 7"):
        compared(table, label="7")


def test_fault_of_a_mask_names_its_own_column(table: Path) -> None:
    """Of several columns of masks the one at fault is told."""
    bad = table.parent / "bad.csv"
    bad.write_text(table.read_text().replace("holes3.nii.gz", "nothing.nii.gz"))

    with pytest.raises(TableError) as refusal:
        compare_mask_table(bad, ["near", "holes"], Method(resamples=100), MaskQuestion())

    assert [fault.column for fault in refusal.value.faults] == ["holes"]


@pytest.fixture
def kept(tiny: Path, mask_folder: Path) -> KeptCohort:
    """Two volumes with masks and a third whose mask lies on another grid, segmented by two models."""
    return score(cohorts.keep_path(mask_folder), [get_model(HIPPOCAMPUS), get_model(HIPPOCAMPUS_WIDE)])


def test_kept_cohort_gives_what_its_masks_give_and_keeps_it(kept: KeptCohort, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's way and the command's are one; a second asking measures nothing."""
    contenders = [alone(model) for model in kept.models]
    assert left_to_measure(kept, contenders, figures_measure(MaskMethod())) == 4

    document = compare_kept_masks(kept, contenders, Method(resamples=100), MaskQuestion())

    for model in kept.models:
        file = mask_file(kept, model)
        single = masks_document(replace(file, dropped=()), Method(resamples=100), MaskMethod())
        mine = [
            {key: held for key, held in case.items() if key != "model"}
            for case in document["cases"]
            if case["model"] == model.model_id
        ]
        assert mine == single["cases"]
    assert [one["case_id"] for one in document["input"]["dropped"]] == ["case-0003"]
    assert document["labels"] == ["1", "2", "any"]
    assert document["label"] == "any"
    assert [pair["difference"]["reason"] for pair in document["pairs"]] == ["few_cases"] * 15
    monkeypatch.setattr("core.workflows.mask_comparison.pair_figures", None)
    again = compare_kept_masks(kept, contenders, Method(resamples=100), MaskQuestion())
    assert again == document


def test_mean_on_the_spot_is_the_mean_of_the_kept_probabilities(kept: KeptCohort, mask_folder: Path) -> None:
    """One more contender, for all labels together: what any label is, is what is kept of a model."""
    contenders = [alone(model) for model in kept.models]
    contenders.append(mean_of(contenders, MEAN))

    document = compare_kept_masks(kept, contenders, Method(resamples=100), MaskQuestion())

    reference, spacing = read_reference(mask_folder / "labels" / "v0.nii.gz")
    case = cohorts.cohort_cases(kept)[0]
    steps = [read_foreground(kept, case, model, reference.shape) for model in kept.models]
    mask = np.mean(steps, axis=0) >= 100
    (mine,) = (one for one in document["cases"] if one["model"] == MEAN and one["case_id"] == "case-0001")
    assert mine["label"] == "any"
    assert mine["dice"] == dice(reference, mask)
    assert mine["volume_prediction_ml"] == volume_ml(mask, spacing)
    with_mean = [pair["label"] for pair in document["pairs"] if MEAN in (pair["a"], pair["b"])]
    assert set(with_mean) == {"any"}
    assert MEAN in mask_comparison_csv(document, {}).decode()
