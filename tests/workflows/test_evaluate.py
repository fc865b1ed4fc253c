"""`core.evaluate/1` for scores, classes and masks, against other people's answers, and complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import TableError
from core.metrics.cohort import Missing
from core.metrics.segmentation import EmptyPolicy
from core.workflows.class_file import read_classes
from core.workflows.cohort_file import read_cohort
from core.workflows.documents import Method
from core.workflows.evaluate import evaluate_document, multiclass_document
from core.workflows.evaluate_masks import MaskMethod, masks_document

from .answers import ESTIMATE, ORACLES, answers, as_json, near, require_common

QUICK = Method(resamples=100)

FIGURES = (
    *("sensitivity", "specificity", "ppv", "npv", "lr_positive", "lr_negative", "f1", "balanced_accuracy"),
    *("youden_j", "mcc", "accuracy"),
)

CASE = {
    *("case_id", "label", "state", "dice", "iou", "hd95_mm", "nsd", "volume_reference_ml", "volume_prediction_ml"),
    *("volume_error_ml", "volume_error_percent", "lesions"),
}
SUMMARY = {
    *("cases", "both_empty", "one_empty", "presence", "dice", "iou", "nsd", "volume_error_ml", "hd95_mm"),
    *("lesion_sensitivity", "false_positives_per_scan", "bland_altman"),
}

SEGMENTATION = answers("segmentation.json")
VOLUMES = [case for case in SEGMENTATION["cases"] if len(case["shape"]) == 3]


def _evaluate(name: str, threshold: float, model: str = "model_a", missing: Missing = Missing.REFUSE) -> dict[str, Any]:
    file = read_cohort(ORACLES / name, models=[model], missing=missing)
    return as_json(evaluate_document(file, model, threshold, QUICK))


@pytest.mark.parametrize("case", ["small.csv:model_a", "two_models.csv:model_a", "two_models.csv:model_b"])
def test_figures_at_a_threshold_are_scikit_learns(case: str) -> None:
    """The document at one threshold is one row of the sweep, with intervals."""
    table = answers("sweep.json")["cases"][case]["table"]
    name, model = case.split(":")
    for row in (1, len(table["threshold"]) // 2, len(table["threshold"]) - 1):
        document = _evaluate(name, table["threshold"][row], model)

        assert document["confusion"] == {key: table[key][row] for key in ("tp", "fp", "fn", "tn")}
        for figure in FIGURES:
            assert document[figure]["value"] == near(table[figure][row]), figure
        for figure in ("sensitivity", "specificity", "ppv", "npv"):
            assert [document[figure]["lo"], document[figure]["hi"]] == near(
                [table[f"{figure}_lo"][row], table[f"{figure}_hi"][row]]
            )


def test_no_key_of_a_binary_answer_is_ever_missing() -> None:
    """A script that reads a key must not meet a cohort without it."""
    for name in ("two_models.csv", "edge_single_class.csv", "edge_constant.csv", "clustered.csv"):
        document = _evaluate(name, 0.5)

        require_common(document)
        assert (document["schema"], document["task"]) == ("core.evaluate/1", "binary")
        assert set(document) >= {"threshold", "chosen_on", "confusion", *FIGURES}
        assert all(set(document[figure]) == ESTIMATE for figure in FIGURES)


def test_single_class_keeps_its_own_proportion() -> None:
    """Sensitivity needs no negatives; whatever needs both classes is null with the reason."""
    known = answers("edge.json")["single_class"]

    document = _evaluate(known["input"], 0.5)

    expected = known["sensitivity_at_0_5"]
    assert {name: document["sensitivity"][name] for name in expected} == near(expected)
    assert document["specificity"]["value"] == known["specificity_at_0_5"]
    for figure in ("balanced_accuracy", "youden_j", "mcc", "auc"):
        assert (document[figure]["value"], document[figure]["reason"]) == (None, "single_class")


def test_patients_are_counted_beside_images() -> None:
    """Repeated patients widen the interval, and their own counts are told."""
    known = answers("clustered.json")

    document = _evaluate("clustered.csv", 0.5)

    assert document["unit"] == "patient"
    assert sum(document["patients"].values()) == known["clusters"]
    for expected in known["proportions_at_0_5_model_a"]:
        found = document[expected["metric"]]
        assert [found["value"], found["lo"], found["hi"]] == near([expected[k] for k in ("value", "lo", "hi")])


def test_bounds_are_given_both_ways() -> None:
    """Worst and best bracket what the missing scores could have done."""
    known = answers("missing.json")

    document = _evaluate("missing.csv", 0.5, missing=Missing.WORST)

    for name in ("worst", "best"):
        bound, expected = document["missing_bounds"][name], known[name]["model_a"]
        assert (bound["sensitivity"]["k"], bound["sensitivity"]["n"]) == (
            expected["tp_at_0_5"], expected["positives"],
        )  # fmt: skip
        assert bound["specificity"]["k"] == expected["tn_at_0_5"]
    assert document["confusion"]["tp"] == known["worst"]["model_a"]["tp_at_0_5"]


@pytest.mark.parametrize("model", ["net_a", "net_b"])
def test_multiclass_figures_are_scikit_learns(model: str) -> None:
    """Every average over classes has several definitions; these are the ones that the page names."""
    known = answers("multiclass.json")["models"][model]

    document = as_json(multiclass_document(read_classes(ORACLES / "multiclass.csv", models=[model]), model, QUICK))

    require_common(document)
    assert (document["schema"], document["task"]) == ("core.evaluate/1", "multiclass")
    assert document["classes"] == known["classes"]
    assert document["confusion"] == known["confusion_rows_true_columns_called"]
    assert document["tied_argmax"] == known["tied_argmax"]
    for name in ("accuracy", "macro_recall", "macro_f1", "mcc", "macro_auc", "micro_auc"):
        assert document[name]["value"] == near(known[name]), name
        assert set(document[name]) == ESTIMATE
    assert document["hand_till"]["value"] == near(known["hand_till_macro_one_vs_one"])
    assert document["brier"]["value"] == near(known["brier_multiclass_sum_of_squares"])
    for each in document["per_class"]:
        recall = known["recall"][each["class"]]
        assert each["auc"]["value"] == near(known["auc_one_vs_rest"][each["class"]])
        assert each["average_precision"]["value"] == near(known["average_precision"][each["class"]])
        assert (each["recall"]["k"], each["recall"]["n"]) == (recall["correct"], recall["cases"])
        assert [each["recall"]["lo"], each["recall"]["hi"]] == near([recall["lo"], recall["hi"]])


def test_absent_class_is_warned_of_and_left_out_of_means(tmp_path: Path) -> None:
    """A mean over a class without cases would be a guess."""
    path = tmp_path / "scores.csv"
    rows = "\n".join(f"c{i},{'ab'[i % 2]},{0.6 - 0.3 * (i % 2)},{0.3 + 0.3 * (i % 2)},0.1" for i in range(30))
    path.write_text(f"case_id,label,net__a,net__b,net__c\n{rows}\n")

    document = as_json(multiclass_document(read_classes(path), "net", QUICK))

    assert document["present"] == ["a", "b"]
    assert [warning["code"] for warning in document["warnings"]] == ["class_absent"]
    assert document["per_class"][2]["recall"]["reason"] == "class_absent"


def _masks(folder: Path, cases: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, ...]]]) -> Path:
    """MASKS.csv and its NIfTI files."""
    lines = ["case_id,reference,prediction"]
    for name, (reference, prediction, spacing) in cases.items():
        for role, mask in (("reference", reference), ("prediction", prediction)):
            nibabel.save(nibabel.Nifti1Image(mask, np.diag([*spacing, 1.0])), folder / f"{name}_{role}.nii.gz")
        lines.append(f"{name},{name}_reference.nii.gz,{name}_prediction.nii.gz")
    (folder / "MASKS.csv").write_text("\n".join(lines) + "\n")
    return folder / "MASKS.csv"


def _oracle_masks(folder: Path) -> Path:
    cases = {}
    for case in VOLUMES:
        with np.load(ORACLES / case["file"]) as held:
            cases[case["name"]] = (held["reference"], held["prediction"], tuple(held["spacing_mm"].tolist()))
    return _masks(folder, cases)


def test_mask_figures_are_simple_itks(tmp_path: Path) -> None:
    """Read from NIfTI, whose spacings are 32-bit numbers: that is what the tolerance is for."""
    document = as_json(masks_document(_oracle_masks(tmp_path), QUICK, MaskMethod()))

    require_common(document)
    assert (document["schema"], document["task"]) == ("core.evaluate/1", "segmentation")
    for case, known in zip(document["cases"], VOLUMES, strict=True):
        assert set(case) == CASE
        assert (case["case_id"], case["label"], case["state"]) == (known["name"], "1", known["state"])
        for name in ("dice", "iou"):
            assert case[name] == near(known[name], 1e-9)
        for name in ("hd95_mm", "volume_error_ml", "volume_error_percent"):
            assert case[name] == near(known[name], 1e-6), name
        assert case["nsd"] == near({"1": known["nsd_1mm"], "2": known["nsd_2mm"]}, 1e-9)
        assert case["volume_reference_ml"] == near(known["reference_ml"], 1e-6)
        assert case["lesions"] == {name: known["lesions"][name] for name in case["lesions"]}


def test_mask_summary_is_over_cases_and_tells_empty_ones_apart(tmp_path: Path) -> None:
    """A correct "nothing there" is counted, and is no Dice of 1 or 0."""
    there = [case for case in VOLUMES if case["dice"] is not None]

    summary = as_json(masks_document(_oracle_masks(tmp_path), QUICK, MaskMethod()))["summary"]

    assert set(summary) >= SUMMARY
    assert (summary["cases"], summary["both_empty"], summary["one_empty"]) == (6, 1, 1)
    assert summary["presence"] == {"both": 4, "reference_only": 0, "prediction_only": 1, "neither": 1}
    assert summary["dice"]["mean"]["value"] == near(float(np.mean([c["dice"] for c in there])), 1e-9)
    assert summary["iou"]["mean"]["value"] == near(float(np.mean([c["iou"] for c in there])), 1e-9)
    assert summary["hd95_mm"]["median"]["value"] == near(float(np.median([c["hd95_mm"] for c in there])), 1e-6)
    assert list(summary["hd95_mm"])[:2] == ["median", "mean"]
    found = sum(c["lesions"]["detected"] for c in VOLUMES)
    assert summary["lesion_sensitivity"]["value"] == near(found / sum(c["lesions"]["reference"] for c in VOLUMES))
    false = sum(c["lesions"]["false_positives"] for c in VOLUMES)
    assert summary["false_positives_per_scan"]["value"] == near(false / len(VOLUMES))


def _box(*ends: int, value: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros((8, 8, 8), np.uint8)
    mask[tuple(slice(1, end) for end in ends)] = value
    return mask


ONE = (1.0, 1.0, 1.0)


def test_challenge_counts_two_empty_masks_as_perfect_and_says_so(tmp_path: Path) -> None:
    """Some rankings do; nobody should have to guess which was done."""
    path = _masks(tmp_path, {"a": (_box(1, 1, 1), _box(1, 1, 1), ONE), "b": (_box(4, 4, 4), _box(4, 4, 4), ONE)})

    plain, challenge = (as_json(masks_document(path, QUICK, MaskMethod(empty))) for empty in EmptyPolicy)

    assert (plain["cases"][0]["dice"], plain["settings"]["empty"]) == (None, "penalise")
    assert (challenge["cases"][0]["dice"], challenge["cases"][0]["hd95_mm"]) == (1.0, 0.0)
    assert challenge["settings"]["empty"] == "challenge"
    assert "empty_challenge" in [warning["code"] for warning in challenge["warnings"]]


def test_label_map_is_answered_by_label_and_by_the_union(tmp_path: Path) -> None:
    """A label that no mask of a case holds is a correct "nothing there" in that case."""
    two = _box(4, 4, 4)
    two[5:7] = 2
    path = _masks(tmp_path, {"a": (two, two, ONE), "b": (_box(4, 4, 4), _box(4, 4, 4), ONE)})

    document = as_json(masks_document(path, QUICK, MaskMethod()))

    assert document["labels"] == ["1", "2", "any"]
    assert [(c["case_id"], c["label"], c["state"]) for c in document["cases"]] == [
        ("a", "1", "both_present"), ("a", "2", "both_present"), ("a", "any", "both_present"),
        ("b", "1", "both_present"), ("b", "2", "both_empty"), ("b", "any", "both_present"),
    ]  # fmt: skip
    assert [summary["label"] for summary in document["summaries"]] == ["1", "2", "any"]
    assert document["summary"] == document["summaries"][-1]


def test_small_lesions_are_dropped_only_when_asked(tmp_path: Path) -> None:
    """A single voxel of noise is a false positive unless somebody says from which size on it counts."""
    noisy = _box(4, 4, 4)
    noisy[7, 7, 7] = 1
    path = _masks(tmp_path, {"a": (_box(4, 4, 4), noisy, ONE)})

    counted, dropped = (
        as_json(masks_document(path, QUICK, MaskMethod(min_lesion_mm3=size)))["cases"][0]["lesions"] for size in (0, 2)
    )

    assert (counted["false_positives"], dropped["false_positives"]) == (1, 0)


def test_masks_on_different_grids_are_refused_with_both_printed(tmp_path: Path) -> None:
    """An overlap of two grids is a number about nothing."""
    path = _masks(
        tmp_path, {name: (_box(4, 4, 4), _box(4, 4, 4), ONE) for name in ("shape", "spacing", "origin", "turn")}
    )
    affine = np.eye(4)
    affine[0, 3] = 5.0
    turned = np.eye(4)
    turned[:2, :2] = [[0.0, 1.0], [1.0, 0.0]]
    for name, mask, place in (
        ("shape", np.ones((8, 8, 9), np.uint8), np.eye(4)),
        ("spacing", _box(4, 4, 4), np.diag([1.0, 1.0, 1.5, 1.0])),
        ("origin", _box(4, 4, 4), affine),
        ("turn", _box(4, 4, 4), turned),
    ):
        nibabel.save(nibabel.Nifti1Image(mask, place), tmp_path / f"{name}_prediction.nii.gz")

    with pytest.raises(TableError) as refusal:
        masks_document(path, QUICK, MaskMethod())

    assert [fault.text for fault in refusal.value.faults] == [
        'MASKS.csv, row 2, columns "reference", "prediction": the shapes differ, 8 x 8 x 8 and 8 x 8 x 9.',
        'MASKS.csv, row 3, columns "reference", "prediction": the spacings differ, 1 x 1 x 1 and 1 x 1 x 1.5 mm.',
        'MASKS.csv, row 4, columns "reference", "prediction": the origins differ, (0, 0, 0) and (5, 0, 0) mm.',
        'MASKS.csv, row 5, columns "reference", "prediction": the directions differ, '
        "(1, 0, 0, 0, 1, 0, 0, 0, 1) and (0, 1, 0, 1, 0, 0, 0, 0, 1).",
    ]


def test_what_is_no_mask_is_refused_with_its_row(tmp_path: Path) -> None:
    """Probabilities read as labels would all be background."""
    path = _masks(tmp_path, {"a": (_box(4, 4, 4), _box(4, 4, 4), ONE), "b": (_box(4, 4, 4), _box(4, 4, 4), ONE)})
    soft = np.full((8, 8, 8), 0.4, np.float32)
    nibabel.save(nibabel.Nifti1Image(soft, np.eye(4)), tmp_path / "a_prediction.nii.gz")
    (tmp_path / "b_reference.nii.gz").unlink()

    with pytest.raises(TableError) as refusal:
        masks_document(path, QUICK, MaskMethod())

    first, second = (fault.text for fault in refusal.value.faults)
    assert first == (
        'MASKS.csv, row 2, column "prediction": not a mask: its values are not whole numbers from 0 to 255.'
    )
    assert second.startswith('MASKS.csv, row 3, column "reference": There is no file')


def test_table_of_masks_names_what_it_lacks(tmp_path: Path) -> None:
    """The same sentences as for scores."""
    path = tmp_path / "MASKS.csv"
    path.write_text("case_id,reference\na,x.nii.gz\n")

    with pytest.raises(TableError, match=r'there is no column "prediction"\. The columns are: case_id, reference\.'):
        masks_document(path, QUICK, MaskMethod())
