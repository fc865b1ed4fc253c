"""A comparison of segmentations as its page and its table show it: rows, agreement of volumes, and where they part.

Owns words and order. Every figure is the comparison document's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.workflows.cases import table_csv
from core.workflows.compare_view import (
    MASK_METRIC_NAMES,
    difference_text,
    margin_sentence,
    p_text,
    pair_sentence,
)
from core.workflows.documents import Document
from core.workflows.evaluate_masks import ANY
from core.workflows.mask_sweep_view import figure_text, found_text, share_text

MASK_MODEL_HEADER = (
    *("Model", "Dice, mean", "HD95 mm, median", "NSD 1 mm", "NSD 2 mm", "Volume error mL", "Lesions found"),
    *("Lesion sensitivity %", "False positives a scan", "Size", "Time a case"),
)

MASK_PAIR_HEADER = ("Pair", "Label", "Figure", "Difference (95 %)", "Cases", "p", "p, Holm", "")

AGREEMENT_HEADER = (
    *("Volumes", "Label", "Cases", "Bias (95 %)", "Lower limit (95 %)", "Upper limit (95 %)"),
    *("Slope on the mean", "its p"),
)

REFERENCE = "reference"

CASE_COLUMNS = (
    *("case_id", "label", "model", "state", "dice", "iou", "hd95_mm", "nsd_1mm", "nsd_2mm"),
    *("volume_reference_ml", "volume_prediction_ml", "volume_error_ml", "volume_error_percent"),
)


@dataclass(frozen=True, slots=True)
class Apart:
    """A case of two segmentations. dice_a, dice_b None : neither mask holds a voxel. apart : their distance, of a Dice
    that is undefined as of a perfect one.
    """

    id: str
    dice_a: float | None
    dice_b: float | None
    hd95_a: float | None
    hd95_b: float | None
    reference_ml: float
    prediction_a_ml: float
    prediction_b_ml: float
    apart: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two measurements of volume, second less first, in mL. points : (mean of both, difference) of each case."""

    title: str
    points: list[tuple[float, float]]
    limits: Mapping[str, Any] | None


def mask_model_rows(document: Document, label: str, facts: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    """One row for each contender that has the label. facts : size and time by contender, as text."""
    rows = []
    for one in document["models"]:
        held = summary_of(one, label)
        if held is None:
            continue
        rows.append(
            [
                one["model"],
                figure_text(held["dice"]["mean"]),
                figure_text(held["hd95_mm"]["median"], digits=2),
                *(figure_text(held["nsd"][tau]["mean"]) for tau in ("1", "2")),
                figure_text(held["volume_error_ml"]["mean"], digits=2),
                found_text(held["lesion_sensitivity"]),
                share_text(held["lesion_sensitivity"]),
                figure_text(held["false_positives_per_scan"], digits=2),
                *facts.get(one["model"], ("", "")),
            ]
        )
    return rows


def summary_of(model: Mapping[str, Any], label: str) -> Document | None:
    """A contender's figures of a label; a mean of probabilities has those of all labels together alone."""
    return next((held for held in model["summaries"] if held["label"] == label), None)


def mask_pair_rows(document: Document) -> list[list[str]]:
    """One row for each pair, label and figure; the tested figure first."""
    return [
        [
            f"{pair['a']} − {pair['b']}", label_word(pair["label"]), MASK_METRIC_NAMES[pair["metric"]],
            difference_text(pair["difference"]), f"{pair['difference']['n'] or 0:,}",
            p_text(pair["p"]), p_text(pair["p_holm"]), "tested" if pair["primary"] else "exploratory",
        ]
        for pair in sorted(document["pairs"], key=lambda pair: not pair["primary"])
    ]  # fmt: skip


def mask_sentences(document: Document) -> list[str]:
    """A plain sentence for each pair of the tested figure, and who rightly drew nothing. Nobody wins."""
    said = [
        " ".join(part for part in (pair_sentence(pair), margin_sentence(pair)) if part)
        for pair in document["pairs"]
        if pair["primary"]
    ]
    for one in document["agreement"]:
        if one["label"] == document["label"] and one["reference_empty"]:
            said.append(
                f"{one['reference_empty']:,} cases have nothing to draw: {one['a']} alone left {one['only_a_empty']:,} "
                f"of them empty, {one['b']} alone {one['only_b_empty']:,}."
            )
    return said


def agreement_rows(document: Document) -> list[list[str]]:
    """Bland and Altman's figures of every contender against the reference, then of every pair; in mL."""
    rows = [
        _agreement_row(f"{one['model']} − {REFERENCE}", held["label"], held["bland_altman"])
        for one in document["models"]
        for held in one["summaries"]
    ]
    rows += [
        _agreement_row(f"{one['a']} − {one['b']}", one["label"], one["bland_altman"]) for one in document["agreement"]
    ]
    return [row for row in rows if row]


def agreements(document: Document, label: str) -> list[Agreement]:
    """What is drawn of the volumes of a label: each contender against the reference, then each pair."""
    volumes = _volumes(document, label)
    made = [
        Agreement(
            f"{one['model']} − {REFERENCE}", _points(volumes[REFERENCE], volumes[one["model"]]), held["bland_altman"]
        )
        for one in document["models"]
        if (held := summary_of(one, label)) is not None
    ]
    return made + [
        Agreement(f"{one['a']} − {one['b']}", _points(volumes[one["b"]], volumes[one["a"]]), one["bland_altman"])
        for one in document["agreement"]
        if one["label"] == label
    ]


def dice_by_case(document: Document) -> tuple[list[str], dict[str, list[float | None]]]:
    """The cases, and by contender the Dice of each, of the label that is looked at."""
    found: dict[str, list[float | None]] = {}
    cases: dict[str, None] = {}
    for case in document["cases"]:
        if case["label"] == document["label"]:
            cases[case["case_id"]] = None
            found.setdefault(case["model"], []).append(case["dice"])
    return list(cases), found


def farthest_apart(document: Document, a: str, b: str) -> list[Apart]:
    """The cases of two contenders, of the label that is looked at; those whose Dice differ most first."""
    held: dict[str, dict[str, Mapping[str, Any]]] = {a: {}, b: {}}
    for case in document["cases"]:
        if case["label"] == document["label"] and case["model"] in held:
            held[case["model"]][case["case_id"]] = case
    made = [
        Apart(
            case_id,
            first["dice"],
            second["dice"],
            first["hd95_mm"],
            second["hd95_mm"],
            first["volume_reference_ml"],
            first["volume_prediction_ml"],
            second["volume_prediction_ml"],
            abs(_whole(first["dice"]) - _whole(second["dice"])),
        )
        for case_id, first in held[a].items()
        for second in [held[b][case_id]]
    ]
    return sorted(made, key=lambda one: (-one.apart, one.id))


def label_word(label: str) -> str:
    """A label as words."""
    return "all labels together" if label == ANY else f"label {label}"


def mask_comparison_csv(document: Document, facts: Mapping[str, tuple[str, str]]) -> bytes:
    """comparison.csv: the contenders by label, every pair, the agreement of volumes, then every case."""
    rows: list[Sequence[str]] = []
    for label in document["labels"]:
        rows += [[label_word(label)], *mask_model_rows(document, label, facts), []]
    rows += [MASK_PAIR_HEADER, *mask_pair_rows(document), [], AGREEMENT_HEADER, *agreement_rows(document), []]
    rows.append(CASE_COLUMNS)
    for case in document["cases"]:
        flat = {**case, **{f"nsd_{tau}mm": share for tau, share in case["nsd"].items()}}
        rows.append(["" if flat[name] is None else str(flat[name]) for name in CASE_COLUMNS])
    return table_csv(MASK_MODEL_HEADER, rows)


def _agreement_row(title: str, label: str, made: Mapping[str, Any] | None) -> list[str]:
    if made is None:
        return []
    limits = (figure_text(made[name], digits=2) for name in ("bias", "lower_limit", "upper_limit"))
    slope = "–" if made["slope"] is None else f"{made['slope']:+.3f}"
    return [title, label_word(label), f"{made['n']:,}", *limits, slope, p_text(made["slope_p"])]


def _volumes(document: Document, label: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {REFERENCE: []}
    first = document["models"][0]["model"] if document["models"] else None
    for case in document["cases"]:
        if case["label"] != label:
            continue
        if case["model"] == first:
            found[REFERENCE].append(case["volume_reference_ml"])
        found.setdefault(case["model"], []).append(case["volume_prediction_ml"])
    return found


def _points(first: Sequence[float], second: Sequence[float]) -> list[tuple[float, float]]:
    return [((a + b) / 2, b - a) for a, b in zip(first, second, strict=True)]


def _whole(dice: float | None) -> float:
    return 1.0 if dice is None else dice
