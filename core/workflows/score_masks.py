"""Predicted masks of a segmentation cohort: kept beside the answers, and told as the table that `evaluate` reads.

Owns where they lie. Comparing them is `evaluate_masks`'.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import StudyError
from core.inference.prediction import Prediction
from core.models.atomic import write_atomically
from core.render.nifti_out import mask_nifti
from core.studies.study import Kind, Study
from core.workflows.cases import table_csv
from core.workflows.cohort_file import CASE, PATIENT
from core.workflows.mask_file import PREDICTION, REFERENCE
from core.workspace.cohort_answers import KEY_DIGITS, Answers
from core.workspace.cohort_record import CohortCase, KeptCohort, ScoredBy
from core.workspace.cohorts import CohortStore, read_cases, store_of


def keep_mask(store: CohortStore, case: CohortCase, study: Study, made: Prediction, fed: str) -> None:
    """Keep the predicted labels on the study's own grid; they come before the answer, which then vouches for them.

    Raises
    ------
    StudyError : the study is a film, whose mask has no spacing in mm to be measured by.
    """
    if study.kind is not Kind.VOLUME:
        raise StudyError(
            found="The image is a film.",
            why="Masks are compared in millimetres, and a film has none of its own.",
            do="Bring volumes with their masks.",
        )
    write_atomically(_place(store, case, made.weights_sha256, fed), mask_nifti(study, made))


def masks_csv(cohort: KeptCohort, model: ScoredBy) -> Path:
    """The table of reference and predicted masks of one model, written anew; cases without an answer are left out.

    Its paths are for `masks_document`; the file lies in the cohort's folder and is never shown.
    """
    store = store_of(cohort)
    answered = Answers(store.answers, model.weights_sha256, model.fed).load()
    named = cohort.patients is not None
    rows = [
        (
            case.id,
            *([case.patient] if named else []),
            os.path.relpath(cohort.root / str(case.mask), cohort.folder),
            os.path.relpath(_place(store, case, model.weights_sha256, model.fed), cohort.folder),
        )
        for case in read_cases(cohort)
        if case.mask is not None and case.sha256 in answered
    ]
    target = cohort.folder / f"masks-{model.weights_sha256[:KEY_DIGITS]}.csv"
    write_atomically(target, table_csv((CASE, *([PATIENT] if named else []), REFERENCE, PREDICTION), rows))
    return target


def _place(store: CohortStore, case: CohortCase, weights_sha256: str, fed: str) -> Path:
    folder = f"{weights_sha256[:KEY_DIGITS]}-{fed[:KEY_DIGITS]}"
    return store.answers / folder / f"{case.sha256}_dseg.nii.gz"
