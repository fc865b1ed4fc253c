"""`core.evaluate/1` for masks: every label of every case, and their summary over cases.

Owns the document: which labels there are, what an absent label counts as, and the named union of all labels.
Distances, overlaps and intervals are `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.metrics.cohort import FEW_CASES, Missing, Note
from core.metrics.mask_summary import Centre, MaskSummary, bland_altman, summarise_masks
from core.metrics.segmentation import EmptyPolicy, MaskFigures, compare_masks
from core.workflows.documents import Document, Method, document_head, file_input, plain, settings
from core.workflows.evaluate import SCHEMA
from core.workflows.mask_file import MaskFile, MaskPair, open_pairs, read_mask_file

ANY = "any"
"""The union of all labels, told beside them where there are several."""

NOTHING = np.zeros((1, 1, 1), np.uint8)
"""A label that neither mask of a case holds looks like this to the metrics: its grid then does not matter."""

NSD_KIND = "voxel count, not weighted by area"


@dataclass(frozen=True, slots=True)
class MaskMethod:
    """How masks are compared."""

    empty: EmptyPolicy = EmptyPolicy.PENALISE
    min_lesion_mm3: float = 0.0
    unions: Mapping[str, frozenset[int]] = field(default_factory=dict)


def union_of(text: str) -> tuple[str, frozenset[int]]:
    """The name and labels of a union written as NAME=1+2.

    Raises
    ------
    ValueError : it is not written so; the message is for the one who asked.
    """
    name, equals, labels = text.partition("=")
    numbers = labels.split("+")
    if not (name.strip() and equals and all(number.strip().isdecimal() for number in numbers)):
        raise ValueError(f"'{text}' is not NAME=1+2.")
    if name.strip().isdecimal() or name.strip() == ANY:
        raise ValueError(f"'{name.strip()}' is a label's name already.")
    return name.strip(), frozenset(int(number) for number in numbers)


def masks_document(
    source: Path | MaskFile,
    method: Method,
    how: MaskMethod,
    progress: Callable[[float, str], None] | None = None,
) -> Document:
    """Everything that section 11 of the evaluation page lists for segmentation.

    source : the table, or what was read of one. progress : told the share of cases that are compared.

    Raises
    ------
    TableError : with every fault of the table and of its masks.
    """
    file = source if isinstance(source, MaskFile) else read_mask_file(source)
    found: list[dict[str, MaskFigures]] = []
    for number, pair in enumerate(open_pairs(file), start=1):
        if pair is not None:
            found.append(pair_figures(pair, how))
        if progress is not None:
            progress(number / len(file.cases), f"case {number} of {len(file.cases)}")
    labels = (*labels_of(found), *how.unions)
    absent = nothing_there(how)
    figures = {label: [case.get(label, absent) for case in found] for label in labels}
    patients = file.patients if method.by_patient else None
    summaries = [label_summary(label, figures[label], patients, method) for label in labels]
    clustered = patients is not None and len(set(patients)) < len(patients)
    rows = len(file.cases) + len(file.dropped)
    held = settings(method, clustered=clustered, positive=None, missing=Missing.REFUSE)
    return {
        **document_head(
            SCHEMA,
            file_input(file.file, file.sha256, rows, len(file.cases), file.dropped, file.patients, file.ignored),
            held | how_asked(how),
            _notes(file, how, patients),
        ),
        "task": "segmentation",
        "labels": list(labels),
        "cases": [
            case_row(case, label, figures[label][number]) for number, case in enumerate(file.cases) for label in labels
        ],
        "summary": summaries[len(labels) - len(how.unions) - 1],
        "summaries": summaries,
    }


def how_asked(how: MaskMethod) -> Document:
    """How masks were compared, for a document's settings."""
    unions = {name: sorted(labels) for name, labels in how.unions.items()}
    return {"empty": str(how.empty), "min_lesion_mm3": how.min_lesion_mm3, "nsd_kind": NSD_KIND, "unions": unions}


def pair_figures(pair: MaskPair, how: MaskMethod) -> dict[str, MaskFigures]:
    """By label, the figures of one case; and of the union where a case has any."""

    def compared(reference: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> MaskFigures:
        return compare_masks(reference, prediction, pair.spacing_mm, empty=how.empty, min_lesion_mm3=how.min_lesion_mm3)

    present = np.union1d(np.unique(pair.reference), np.unique(pair.prediction))
    made = {}
    for label in (int(value) for value in present if value):
        made[str(label)] = compared(pair.reference == label, pair.prediction == label)
    if made:
        made[ANY] = compared(pair.reference > 0, pair.prediction > 0)
    for name, labels in how.unions.items():
        both = (np.isin(held, list(labels)) for held in (pair.reference, pair.prediction))
        made[name] = compared(*both)
    return made


def nothing_there(how: MaskMethod) -> MaskFigures:
    """The figures of a label that neither mask of a case holds."""
    return compare_masks(NOTHING, NOTHING, (1.0, 1.0, 1.0), empty=how.empty)


def labels_of(found: Sequence[dict[str, MaskFigures]]) -> tuple[str, ...]:
    """The labels of the cohort, rising, and the union of several; one where no mask holds a voxel."""
    single = sorted({int(label) for case in found for label in case if label.isdecimal()})
    if len(single) > 1:
        return (*(str(label) for label in single), ANY)
    return (str(single[0]) if single else "1",)


def case_row(case: str, label: str, made: MaskFigures) -> Document:
    """One label of one case as a document lists it."""
    return {
        "case_id": case,
        "label": label,
        "state": str(made.state),
        "dice": made.dice,
        "iou": made.iou,
        "hd95_mm": made.hd95_mm,
        "nsd": plain(made.nsd),
        "volume_reference_ml": made.volume_reference_ml,
        "volume_prediction_ml": made.volume_prediction_ml,
        "volume_error_ml": made.volume_error_ml,
        "volume_error_percent": made.volume_error_percent,
        "lesions": plain(made.lesions),
    }


def label_summary(label: str, cases: list[MaskFigures], patients: tuple[str, ...] | None, method: Method) -> Document:
    """One label over all cases, with intervals over patients and the agreement of its volumes."""
    made: MaskSummary = summarise_masks(cases, patients, resamples=method.resamples, seed=method.seed)
    volumes = bland_altman([c.volume_reference_ml for c in cases], [c.volume_prediction_ml for c in cases])
    return {
        "label": label,
        "cases": made.cases,
        "both_empty": made.both_empty,
        "one_empty": made.one_empty,
        "presence": plain(made.presence),
        "dice": _centre(made.dice),
        "iou": _centre(made.iou),
        "nsd": {f"{tau:g}": _centre(held) for tau, held in made.nsd.items()},
        "volume_error_ml": _centre(made.volume_error_ml),
        "hd95_mm": {name: _centre(made.hd95_mm)[name] for name in ("median", "mean", "omitted")},
        "lesion_sensitivity": plain(made.lesion_sensitivity),
        "false_positives_per_scan": plain(made.false_positives_per_scan),
        "bland_altman": plain(volumes),
    }


def _centre(held: Centre) -> Document:
    return {"mean": plain(held.mean), "median": plain(held.median), "omitted": held.omitted}


def _notes(file: MaskFile, how: MaskMethod, patients: tuple[str, ...] | None) -> list[Note]:
    return mask_notes(file.file, how, len(file.cases) if patients is None else len(set(patients)))


def mask_notes(name: str, how: MaskMethod, patients: int) -> list[Note]:
    """What must be known of so few patients, and of the empty masks' policy."""
    notes = few_patients(name, patients)
    if how.empty is EmptyPolicy.CHALLENGE:
        text = f"{name}: two empty masks count as perfect, 1 and 0 mm, as some challenges count them."
        notes.append(Note("empty_challenge", text))
    return notes


def few_patients(name: str, patients: int) -> list[Note]:
    """`few_cases`, below ten patients."""
    if patients >= FEW_CASES:
        return []
    return [Note("few_cases", f"{name}: {patients} patients. Below {FEW_CASES}, resampled intervals are left empty.")]
