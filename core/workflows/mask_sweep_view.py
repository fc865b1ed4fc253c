"""A segmentation's sweep as its page and its table show it: the instrument's data, rows of figures, rows of cases.

Owns words, order and the form in which the sweep travels to a browser: once, with every figure as it is shown. Every
figure is the document's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.workflows.cases import table_csv
from core.workflows.documents import Document
from core.workflows.instrument import percent_text

CUTS_HEADER = (
    *("Cut-off", "Dice", "Volume error mL", "Lesions found", "Lesion sensitivity %", "False positives a scan"),
)

COLUMNS = (
    *("cut_off", "smallest_mm3", "cases", "dice", "dice_lo", "dice_hi"),
    *("volume_error_ml", "volume_error_ml_lo", "volume_error_ml_hi"),
    *("lesions_detected", "lesions", "lesion_sensitivity", "lesion_sensitivity_lo", "lesion_sensitivity_hi"),
    *("false_positives_per_scan", "false_positives_per_scan_lo", "false_positives_per_scan_hi"),
)

Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MaskCase:
    """One case at a cut-off. dice None : neither mask holds a voxel. detected, lesions, false_positives : counted from
    the smallest lesion on.
    """

    id: str
    dice: float | None
    reference_ml: float
    prediction_ml: float
    detected: int
    lesions: int
    false_positives: int


def mask_instrument(document: Document) -> dict[str, Any]:
    """What the browser's instrument draws; empty without a case."""
    if not document["cases"]:
        return {}
    dice, volume = document["dice"], document["volume_error_ml"]
    held = {
        "cut_offs": document["cut_offs"],
        "smallest": [smallest_text(smallest) for smallest in document["smallest_mm3"]],
        "dice": _curve(dice),
        "volume": _curve(volume),
        "sensitivity": [_curve(one) for one in document["lesion_sensitivity"]],
        "alarms": [_curve(one) for one in document["false_positives_per_scan"]],
        "cases": [case["dice"] for case in document["cases"]],
        "reference_ml": sum(case["reference_ml"] for case in document["cases"]) / len(document["cases"]),
        "scans": len(document["cases"]),
        "without": without_interval(document),
    }
    return held | {"rev": hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]}


def without_interval(document: Document) -> str:
    """Why no interval is drawn; empty where there are some."""
    middle = document["dice"][len(document["dice"]) // 2]
    return "Fewer than ten patients: no intervals." if middle["reason"] == "few_cases" else ""


def smallest_text(smallest_mm3: float) -> str:
    """A smallest lesion as the page offers it."""
    return "count every lesion" if not smallest_mm3 else f"{smallest_mm3:g} mm³"


def cases_at(document: Document, cut: int, smallest: int) -> list[MaskCase]:
    """The cases at a cut-off and a smallest lesion, both by their place; worst Dice first, those without one last."""
    made = []
    for case in document["cases"]:
        lesions = case["lesions"][smallest][cut]
        made.append(
            MaskCase(
                case["case_id"],
                case["dice"][cut],
                case["reference_ml"],
                case["prediction_ml"][cut],
                lesions["detected"],
                lesions["reference"],
                lesions["false_positives"],
            )
        )
    return sorted(made, key=lambda one: (one.dice is None, one.dice, one.id))


def nearest_cut(document: Document, cut_off: float) -> int:
    """The place of the cut-off that is nearest to a number."""
    cuts: Sequence[float] = document["cut_offs"]
    return min(range(len(cuts)), key=lambda place: abs(cuts[place] - cut_off))


def cut_rows(document: Document, smallest: int) -> list[tuple[str, ...]]:
    """One row a cut-off, lesions counted from a smallest one on."""
    if not document["cases"]:
        return []
    return [
        (
            f"{cut_off:g}",
            figure_text(document["dice"][cut]),
            figure_text(document["volume_error_ml"][cut], digits=2),
            found_text(document["lesion_sensitivity"][smallest][cut]),
            share_text(document["lesion_sensitivity"][smallest][cut]),
            figure_text(document["false_positives_per_scan"][smallest][cut], digits=2),
        )
        for cut, cut_off in enumerate(document["cut_offs"])
    ]


def mask_sweep_csv(document: Document) -> bytes:
    """mask-sweep.csv: a row for each smallest lesion and cut-off, unrounded; empty where undefined."""
    rows = []
    for size, smallest in enumerate(document["smallest_mm3"] if document["cases"] else ()):
        for cut, cut_off in enumerate(document["cut_offs"]):
            found = document["lesion_sensitivity"][size][cut]
            rows.append(
                [
                    cut_off, smallest, len(document["cases"]), *_ends(document["dice"][cut]),
                    *_ends(document["volume_error_ml"][cut]), found["k"], found["n"], *_ends(found),
                    *_ends(document["false_positives_per_scan"][size][cut]),
                ]
            )  # fmt: skip
    return table_csv(COLUMNS, [["" if cell is None else str(cell) for cell in row] for row in rows])


def figure_text(figure: Figure, digits: int = 3) -> str:
    """A figure with its interval, or why there is none."""
    if figure["value"] is None:
        return f"– ({str(figure['reason'] or 'undefined').replace('_', ' ')})"
    if figure["lo"] is None:
        return f"{figure['value']:.{digits}f}"
    between = "–" if figure["lo"] >= 0 else " to "
    return f"{figure['value']:.{digits}f} ({figure['lo']:.{digits}f}{between}{figure['hi']:.{digits}f})"


def found_text(figure: Figure) -> str:
    """The counts of a share."""
    return "–" if not figure["n"] else f"{figure['k']:,} of {figure['n']:,}"


def share_text(figure: Figure) -> str:
    """A share in percent with its interval."""
    if figure["value"] is None:
        return "–"
    said = percent_text(figure["value"]).removesuffix(" %")
    if figure["lo"] is None:
        return said
    return f"{said} ({percent_text(figure['lo']).removesuffix(' %')}–{percent_text(figure['hi']).removesuffix(' %')})"


def _curve(figures: Sequence[Figure]) -> dict[str, list[Any]]:
    """A figure by cut-off; k and n of a share."""
    return {name: [figure[name] for figure in figures] for name in ("value", "lo", "hi", "k", "n")}


def _ends(figure: Figure) -> tuple[float | None, float | None, float | None]:
    return figure["value"], figure["lo"], figure["hi"]
