"""A segmentation's cut-off: what moving it does to Dice, volume and lesions of a cohort with reference masks.

Owns the grid of cut-offs and smallest lesions, and the document. All labels are taken together: the cut-off is of the
probability of any. Overlaps, lesions and intervals are `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.inference.postprocess import FOREGROUND_STEPS
from core.metrics.cohort import Missing, codes_of
from core.metrics.lesions import count_lesions_from
from core.metrics.mask_summary import Draws
from core.metrics.segmentation import dice, volume_ml
from core.workflows.documents import Document, Method, document_head, file_input, plain, settings
from core.workflows.evaluate_masks import few_patients
from core.workflows.mask_file import read_reference
from core.workflows.mask_measures import Contender, Figures, Measure, every_case, foreground_of
from core.workflows.score_masks import Progress
from core.workflows.sweep import SCHEMA
from core.workspace.cohort_record import CohortCase, KeptCohort

CUT_STEPS = tuple(range(10, FOREGROUND_STEPS, 10))
"""Cut-offs 0.05, 0.10, … 0.95, in the steps that a foreground is kept in."""

SMALLEST_MM3 = (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Smallest lesions offered."""


def mask_sweep_document(
    cohort: KeptCohort,
    contender: Contender,
    method: Method,
    *,
    split: str | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Document:
    """Dice and volume error by cut-off, lesion sensitivity and false positives by cut-off and smallest lesion.

    Parameters
    ----------
    split : one of the cohort's named subsets; None: all cases. name : what the answer calls the cohort.

    Returns
    -------
    cut_offs, smallest_mm3; dice, volume_error_ml : means over cases, one estimate a cut-off; lesion_sensitivity,
    false_positives_per_scan : for each smallest lesion one estimate a cut-off; cases : the same figures of each case.
    """
    held, dropped = every_case(cohort, [contender], SWEEP, split=split, progress=progress)
    patients = [case.patient for case, _ in held] if cohort.patients is not None else None
    clustered = patients is not None and method.by_patient and len(set(patients)) < len(patients)
    units = patients if clustered and patients is not None else [case.id for case, _ in held]
    made = [figures for _, (figures,) in held]
    draws = Draws(codes_of(units), method.resamples, method.seed) if held else None
    called, rows = name or cohort.name, len(held) + len(dropped)
    return {
        **document_head(
            SCHEMA,
            file_input(called, cohort.sha256, rows, len(held), dropped, patients, ()),
            settings(method, clustered=clustered, positive=None, missing=Missing.DROP),
            few_patients(called, len(set(units))),
        ),
        "task": "segmentation",
        "model": contender.name,
        "cut_offs": [step / FOREGROUND_STEPS for step in CUT_STEPS],
        "smallest_mm3": list(SMALLEST_MM3),
        **_means(draws, made),
        "cases": [{"case_id": case.id, **figures} for (case, _), figures in zip(held, made, strict=True)],
    }


def _means(draws: Draws | None, cases: Sequence[Figures]) -> Document:
    cuts, sizes = range(len(CUT_STEPS)), range(len(SMALLEST_MM3))
    if draws is None:
        return dict.fromkeys(("dice", "volume_error_ml", "lesion_sensitivity", "false_positives_per_scan"))

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


def _case(cohort: KeptCohort, case: CohortCase, contender: Contender) -> Figures:
    """One case's figures at every cut-off."""
    reference, spacing_mm = read_reference(cohort.root / str(case.mask))
    steps = foreground_of(cohort, case, contender, reference.shape)
    real = reference > 0
    masks = [steps >= step for step in CUT_STEPS]
    lesions = [count_lesions_from(real, mask, spacing_mm, SMALLEST_MM3) for mask in masks]
    return {
        "reference_ml": volume_ml(real, spacing_mm),
        "prediction_ml": [volume_ml(mask, spacing_mm) for mask in masks],
        "dice": [dice(real, mask) for mask in masks],
        "lesions": [[plain(at[size]) for at in lesions] for size in range(len(SMALLEST_MM3))],
    }


SWEEP = Measure("sweep", _case)
"""What is kept of a case for the sweep."""
