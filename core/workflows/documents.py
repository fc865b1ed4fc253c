"""What all statistical answers have in common: the form of a figure, of the input and of the settings, as JSON.

Owns the document's common part and the way a number is written: unrounded, "inf" for infinity, null where it is
undefined. What a document is about is told by `sweep`, `compare`, `evaluate` and `claims`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.errors import ReadroomError, TableError, TableFault
from core.metrics.bootstrap import MOST_WEIGHTS, Resampler
from core.metrics.cohort import Cohort, Missing, Note
from core.metrics.intervals import Estimate
from core.metrics.level import level
from core.workflows.cohort_file import CohortFile, Dropped

Document = dict[str, Any]
"""A JSON object; its keys are section 11's of the evaluation page."""

CLUSTER = "patient_id"
"""What `settings.cluster` says where the patient is the unit."""

NO_ESTIMATE = Estimate(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Method:
    """How figures are made. by_patient : count patients where they repeat. prevalence : another one to shift to."""

    resamples: int = 2000
    seed: int = 0
    by_patient: bool = True
    auc_interval: Literal["logit", "wald"] = "logit"
    prevalence: float | None = None

    def clusters(self, cohort: Cohort) -> NDArray[np.int64] | None:
        """The patients to count by, or None."""
        return cohort.clusters if self.by_patient else None

    def resampler(self, cohort: Cohort) -> Resampler:
        """The resamples of all figures of one document."""
        return Resampler(cohort.labels, self.clusters(cohort), resamples=self.resamples, seed=self.seed)


def plain(value: Any) -> Any:  # Any: whatever the metrics give, into whatever JSON has
    """A value as JSON has it: dataclasses as objects, NaN as null, infinity as text, arrays as lists."""
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else infinite(number)
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, StrEnum) else value
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.integer):
        return int(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {held.name: plain(getattr(value, held.name)) for held in fields(value)}
    if isinstance(value, Mapping):
        return {f"{key:g}" if isinstance(key, float) else str(key): plain(held) for key, held in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def infinite(number: float) -> str | None:
    """The text of an infinity; NaN is undefined."""
    return None if math.isnan(number) else "inf" if number > 0 else "-inf"


def common(schema: str, file: CohortFile, method: Method, warnings: Sequence[Note]) -> Document:
    """The part that every answer about two classes begins with."""
    cohort = file.cohort
    return document_head(
        schema,
        file_input(file.file, file.sha256, file.rows, cohort.n, file.dropped, cohort.patients, file.ignored)
        | {"positives": cohort.positives, "negatives": cohort.negatives, "prevalence": cohort.prevalence},
        settings(method, clustered=method.clusters(cohort) is not None, positive=file.positive, missing=file.missing),
        [*file.notes, *_few(cohort), *_many(cohort, method), *warnings],
    )


def document_head(schema: str, held_input: Document, held_settings: Document, warnings: Sequence[Note]) -> Document:
    """The common keys, in order."""
    return {
        "schema": schema,
        "version": __version__,
        "input": held_input,
        "settings": held_settings,
        "warnings": plain(list(dict.fromkeys(warnings))),
    }


def file_input(
    file: str,
    sha256: str,
    rows: int,
    used: int,
    dropped: Sequence[Dropped],
    patients: Sequence[str] | None,
    ignored: Sequence[str],
) -> Document:
    """What was read; the counts of two classes are null until they are filled in."""
    return {
        "file": file,
        "sha256": sha256,
        "rows": rows,
        "used": used,
        "dropped": plain(list(dropped)),
        "ignored": list(ignored),
        "patients": None if patients is None else len(set(patients)),
        "positives": None,
        "negatives": None,
        "prevalence": None,
    }


def settings(method: Method, *, clustered: bool, positive: str | None, missing: Missing) -> Document:
    """How it was asked."""
    return {
        "positive": positive,
        "level": level(),
        "resamples": method.resamples,
        "seed": method.seed,
        "cluster": CLUSTER if clustered else None,
        "missing": str(missing),
        "prevalence": method.prevalence,
        "auc_interval": method.auc_interval,
    }


def _few(cohort: Cohort) -> list[Note]:
    """`few_cases`; the file's own sentence about a single class stands in place of the cohort's."""
    return [note for note in cohort.notes() if note.code != "single_class"]


def _many(cohort: Cohort, method: Method) -> list[Note]:
    """`too_many_cases`: resampling would take hours."""
    if cohort.n * method.resamples <= MOST_WEIGHTS:
        return []
    text = (
        f"{cohort.n:,} cases drawn {method.resamples:,} times would take hours: resampled intervals are left empty. "
        f"At most {MOST_WEIGHTS // cohort.n:,} resamples can be made of them (--resamples)."
    )
    return [Note("too_many_cases", text)]


def error_document(refusal: ReadroomError) -> Document:
    """A refusal as JSON: every fault of a table, or the sentences of another refusal."""
    faults = refusal.faults if isinstance(refusal, TableError) else (TableFault(None, None, str(refusal)),)
    return {"schema": "core.error/1", "errors": plain(list(faults))}
