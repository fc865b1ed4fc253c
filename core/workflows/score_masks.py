"""Predicted masks of a segmentation cohort: kept beside the answers, and told as the table that `masks_document` reads.

Owns where they lie. Comparing them is `evaluate_masks`'.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import StudyError
from core.inference.prediction import Prediction
from core.models.atomic import write_atomically
from core.render.nifti_out import mask_nifti
from core.studies.study import Kind, Study
from core.workflows.cases import table_csv
from core.workflows.cohort_file import Dropped
from core.workflows.documents import Method
from core.workflows.evaluate_masks import MaskMethod, masks_document
from core.workflows.mask_file import MaskFile
from core.workspace.cohort_answers import KEY_DIGITS
from core.workspace.cohort_record import CohortCase, KeptCohort, ScoredBy
from core.workspace.cohorts import CohortStore, read_cases, store_of

Steps = NDArray[np.uint8]

FOREGROUND = "{}_foreground.gz"
"""Beside a mask: raw bytes in the order of the study's own axes."""

Progress = Callable[[float, str], None]

FIGURES = (
    *("case_id", "label", "state", "dice", "iou", "hd95_mm", "nsd_1mm", "nsd_2mm"),
    *("volume_reference_ml", "volume_prediction_ml", "volume_error_ml", "volume_error_percent"),
    *("lesions_reference", "lesions_prediction", "lesions_detected", "lesions_false_positives"),
)
"""Columns of the figures' table, beside the model."""


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
    place = _place(store, case, made.weights_sha256, fed)
    if made.foreground is not None:
        write_atomically(place.with_name(FOREGROUND.format(case.sha256)), gzip.compress(made.foreground.tobytes(), 1))
    write_atomically(place, mask_nifti(study, made))


def read_foreground(cohort: KeptCohort, case: CohortCase, model: ScoredBy, shape: tuple[int, ...]) -> Steps | None:
    """The probability of any label that was kept with the mask, in steps of 1/200; None where none was.

    shape : of the case's own grid.
    """
    place = _place(store_of(cohort), case, model.weights_sha256, model.fed).with_name(FOREGROUND.format(case.sha256))
    if not place.is_file():
        return None
    return np.frombuffer(gzip.decompress(place.read_bytes()), np.uint8).reshape(shape)


def has_answer(cohort: KeptCohort, case: CohortCase, model: ScoredBy) -> bool:
    """Whether mask and probabilities of this case by this model are kept."""
    place = _place(store_of(cohort), case, model.weights_sha256, model.fed)
    return place.is_file() and place.with_name(FOREGROUND.format(case.sha256)).is_file()


def predicted_mask(cohort: KeptCohort, case: CohortCase, model: ScoredBy) -> Path:
    """Where the predicted mask of a case lies."""
    return _place(store_of(cohort), case, model.weights_sha256, model.fed)


def mask_file(cohort: KeptCohort, model: ScoredBy, *, name: str | None = None) -> MaskFile:
    """The reference and predicted masks of one model, for `masks_document`; cases without an answer are dropped.

    name : what the answer calls the table; None: the cohort's own.
    """
    store, why = (
        store_of(cohort),
        {one.case: one.text for one in cohort.unread if one.model_id in (None, model.model_id)},
    )
    found, dropped = [], []
    for row, case in enumerate(read_cases(cohort), start=2):
        predicted = _place(store, case, model.weights_sha256, model.fed)
        if case.mask is None or not predicted.is_file():
            dropped.append(Dropped(row, case.id, why.get(case.id, "It was not scored.")))
        else:
            found.append((row, case, cohort.root / case.mask, predicted))
    return MaskFile(
        file=name or cohort.name,
        sha256=cohort.sha256,
        cases=tuple(case.id for _, case, _, _ in found),
        rows=tuple(row for row, _, _, _ in found),
        patients=tuple(case.patient for _, case, _, _ in found) if cohort.patients is not None else None,
        reference=tuple(reference for _, _, reference, _ in found),
        prediction=tuple(predicted for _, _, _, predicted in found),
        ignored=(),
        dropped=tuple(dropped),
    )


def figures_csv(cohort: KeptCohort, progress: Progress | None = None) -> bytes:
    """Every figure of every case and label, of each model that has scored the cohort; empty where undefined."""
    rows: list[list[str]] = []
    for number, model in enumerate(cohort.models):
        part = None if progress is None else _share(progress, number, len(cohort.models))
        for case in masks_document(mask_file(cohort, model), Method(), MaskMethod(), part)["cases"]:
            flat = {**case, **{f"nsd_{tau}mm": share for tau, share in case["nsd"].items()}}
            flat |= {f"lesions_{name}": count for name, count in case["lesions"].items()}
            rows.append([model.model_id, *("" if flat[name] is None else str(flat[name]) for name in FIGURES)])
    return table_csv(("model", *FIGURES), rows)


def _share(progress: Progress, number: int, of: int) -> Progress:
    return lambda share, stage: progress((number + share) / of, stage)


def _place(store: CohortStore, case: CohortCase, weights_sha256: str, fed: str) -> Path:
    folder = f"{weights_sha256[:KEY_DIGITS]}-{fed[:KEY_DIGITS]}"
    return store.answers / folder / f"{case.sha256}_dseg.nii.gz"
