"""`core.evaluate/1` for scores: one model at one threshold, or one model of several classes.

Owns the two documents. Masks are `evaluate_masks`'; every number is `core.metrics`'.
"""

from __future__ import annotations

from dataclasses import replace

from core.metrics.bootstrap import Resampler
from core.metrics.cohort import Missing, Note
from core.metrics.counts import count_at
from core.metrics.curves import area_notes, auc
from core.metrics.evaluate import average_precision_estimate, evaluate_at
from core.metrics.multiclass import multiclass
from core.metrics.operating_points import OperatingPoint
from core.workflows.class_file import ClassFile
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import (
    Document,
    Method,
    common,
    document_head,
    file_input,
    plain,
    settings,
)
from core.workflows.sweep import brier, slice_rows
from core.workflows.thresholds import SAME_CASES

SCHEMA = "core.evaluate/1"

_FEW = "a class has fewer than 10 cases"


def evaluate_document(
    file: CohortFile,
    model: str,
    threshold: float,
    method: Method,
    *,
    chosen_on: str = SAME_CASES,
    point: OperatingPoint | None = None,
) -> Document:
    """Every figure of section 2 of the evaluation page at one threshold.

    chosen_on : where the threshold was chosen. point : the saved operating point that it comes from.
    """
    cohort = file.cohort
    scores, labels, clusters = cohort.scores[model], cohort.labels, method.clusters(cohort)
    resampler = method.resampler(cohort)
    area = auc(scores, labels, clusters=clusters, interval=method.auc_interval)
    patients = None
    if clusters is not None:
        people = cohort.by_patient()
        patients = count_at(people.scores[model], people.labels, threshold)
    return {
        **common(SCHEMA, file, method, area_notes(area)),
        "task": "binary",
        "model": model,
        "threshold": plain(threshold),
        "chosen_on": chosen_on,
        "operating_point": None if point is None else point.to_dict(),
        "confusion": plain(count_at(scores, labels, threshold)),
        "unit": "case" if clusters is None else "patient",
        "patients": plain(patients),
        **plain(evaluate_at(scores, labels, threshold, resampler=resampler)),
        "auc": plain(area),
        "average_precision": plain(average_precision_estimate(scores, labels, resampler)),
        "brier": plain(brier(file, model, resampler)),
        "slices": slice_rows(cohort, model, threshold, method),
        "missing_bounds": _bounds(file, model, threshold, method),
    }


def _bounds(file: CohortFile, model: str, threshold: float, method: Method) -> Document | None:
    """Every figure if each missing score were wrong, and if each were right."""
    if file.missing not in (Missing.WORST, Missing.BEST):
        return None
    found: Document = {}
    for rule in (Missing.WORST, Missing.BEST):
        cohort = file.bounded(rule)
        made = evaluate_at(cohort.scores[model], cohort.labels, threshold, resampler=method.resampler(cohort))
        found[str(rule)] = plain(made)
    return found


def multiclass_document(file: ClassFile, model: str, method: Method) -> Document:
    """Everything that section 11 of the evaluation page lists for several classes."""
    truth, classes = file.truth[model], file.classes[model]
    repeated = file.patients is not None and len(set(file.patients)) < len(file.cases) and method.by_patient
    resampler = Resampler(truth, file.patients if repeated else None, resamples=method.resamples, seed=method.seed)
    made = multiclass(file.probabilities[model], truth, classes, resampler=resampler)
    absent = [name for name in classes if name not in made.present]
    held = settings(method, clustered=repeated, positive=None, missing=file.missing)
    return {
        **document_head(
            SCHEMA,
            file_input(file.file, file.sha256, file.rows, len(file.cases), file.dropped, file.patients, file.ignored),
            held,
            _class_notes(file.file, absent, resampler),
        ),
        "task": "multiclass",
        "model": model,
        **plain(replace(made, per_class=())),
        "per_class": [
            {"class": each.name}
            | {"recall": plain(each.recall), "auc": plain(each.auc), "average_precision": plain(each.average_precision)}
            for each in made.per_class
        ],
    }


def _class_notes(file: str, absent: list[str], resampler: Resampler) -> list[Note]:
    notes = []
    if absent:
        names = ", ".join(f'"{name}"' for name in absent)
        notes.append(Note("class_absent", f"{file}: no case of {names}. Means are over the classes that are there."))
    if resampler.reason is not None:
        why = "there are too many cases to resample" if resampler.reason == "too_many_cases" else _FEW
        text = f"{file}: {why}. Resampled intervals are left empty."
        notes.append(Note(resampler.reason, text))
    return notes
