"""A segmentation's cut-off: what moving it does to Dice, volume and lesions of a cohort with reference masks.

Owns the grid of cut-offs and smallest lesions, and the document. All labels are taken together: the cut-off is of the
probability of any. Overlaps, lesions and intervals are `core.metrics`'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.inference.postprocess import FOREGROUND_STEPS
from core.metrics.cohort import codes_of
from core.metrics.lesions import count_lesions_from
from core.metrics.mask_summary import Draws
from core.metrics.segmentation import dice, volume_ml
from core.models.atomic import write_atomically
from core.workflows.documents import Document, Method, plain
from core.workflows.mask_file import read_reference
from core.workflows.score_masks import Progress, read_foreground
from core.workspace.cohort_answers import KEY_DIGITS
from core.workspace.cohort_record import CohortCase, KeptCohort, ScoredBy
from core.workspace.cohorts import read_cases

CUT_STEPS = tuple(range(10, FOREGROUND_STEPS, 10))
"""Cut-offs 0.05, 0.10, … 0.95, in the steps that a foreground is kept in."""

SMALLEST_MM3 = (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Smallest lesions offered."""


def mask_sweep_document(
    cohort: KeptCohort, model: ScoredBy, method: Method, progress: Progress | None = None
) -> Document:
    """Dice and volume error by cut-off, lesion sensitivity and false positives by cut-off and smallest lesion.

    Returns
    -------
    cut_offs, smallest_mm3; dice, volume_error_ml : means over cases, one estimate a cut-off; lesion_sensitivity,
    false_positives_per_scan : for each smallest lesion one estimate a cut-off; cases : the same figures of each case.
    Cases without a kept foreground are left out and counted in `left_out`.
    """
    named = [case for case in read_cases(cohort) if case.mask is not None and case.sha256]
    held: list[tuple[CohortCase, dict[str, Any]]] = []
    for number, case in enumerate(named):
        if progress is not None:
            progress(number / len(named), f"case {number + 1} of {len(named)}")
        made = _case(cohort, case, model)
        if made is not None:
            held.append((case, made))
    clusters = [case.patient or case.id for case, _ in held]
    draws = Draws(codes_of(clusters), method.resamples, method.seed) if held else None
    return {
        "schema": "core.mask_sweep/1",
        "model": model.model_id,
        "cut_offs": [step / FOREGROUND_STEPS for step in CUT_STEPS],
        "smallest_mm3": list(SMALLEST_MM3),
        "left_out": len(named) - len(held),
        **({} if draws is None else _means(draws, [made for _, made in held])),
        "cases": [{"case_id": case.id, **made} for case, made in held],
    }


def _means(draws: Draws, cases: Sequence[dict[str, Any]]) -> Document:
    cuts, sizes = range(len(CUT_STEPS)), range(len(SMALLEST_MM3))

    def counted(size: int, cut: int, name: str) -> list[int]:
        return [case["lesions"][size][cut][name] for case in cases]

    return {
        "dice": [plain(draws.centre([case["dice"][cut] for case in cases]).mean) for cut in cuts],
        "volume_error_ml": [
            plain(draws.centre([case["prediction_ml"][cut] - case["reference_ml"] for case in cases]).mean)
            for cut in cuts
        ],
        "lesion_sensitivity": [
            [plain(draws.ratio(counted(size, cut, "detected"), counted(size, cut, "reference"))) for cut in cuts]
            for size in sizes
        ],
        "false_positives_per_scan": [
            [plain(draws.centre([float(n) for n in counted(size, cut, "false_positives")]).mean) for cut in cuts]
            for size in sizes
        ],
    }


def _case(cohort: KeptCohort, case: CohortCase, model: ScoredBy) -> dict[str, Any] | None:
    """One case's figures at every cut-off, made once and kept; None where no foreground was kept."""
    made_by = f"{model.weights_sha256[:KEY_DIGITS]}-{model.fed[:KEY_DIGITS]}"
    kept = cohort.folder / "made" / f"{case.sha256}-{str(case.mask_sha256)[:KEY_DIGITS]}-{made_by}.json"
    if kept.is_file():
        found: dict[str, Any] = json.loads(kept.read_bytes())
        return found
    reference, spacing_mm = read_reference(cohort.root / str(case.mask))
    steps = read_foreground(cohort, case, model, reference.shape)
    if steps is None:
        return None
    real = reference > 0
    masks = [steps >= step for step in CUT_STEPS]
    lesions = [count_lesions_from(real, mask, spacing_mm, SMALLEST_MM3) for mask in masks]
    made = {
        "reference_ml": volume_ml(real, spacing_mm),
        "prediction_ml": [volume_ml(mask, spacing_mm) for mask in masks],
        "dice": [dice(real, mask) for mask in masks],
        "lesions": [[plain(at[size]) for at in lesions] for size in range(len(SMALLEST_MM3))],
    }
    write_atomically(kept, json.dumps(made).encode())
    return made
