"""`core.compare/1` for masks: several segmentations of the same cases, paired case by case.

Owns the document: which figures pairs are compared by, what a case without a figure counts as, and that one figure of
one label alone is tested and adjusted. Overlaps, distances and intervals are `core.metrics`'; how a label is told
alone is `evaluate_masks`'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from core.errors import StudyError, TableError
from core.inference.postprocess import FOREGROUND_STEPS, MASK_THRESHOLD
from core.metrics.cohort import Missing, Note, codes_of
from core.metrics.lesions import Lesions
from core.metrics.mask_summary import Draws, bland_altman
from core.metrics.paired import Comparison, with_holm
from core.metrics.segmentation import EmptyPolicy, MaskFigures, State
from core.workflows.cohort_file import Dropped
from core.workflows.compare import SCHEMA, pair_document
from core.workflows.documents import Document, Method, document_head, file_input, plain, settings
from core.workflows.evaluate_masks import (
    ANY,
    MaskMethod,
    case_row,
    how_asked,
    label_summary,
    labels_of,
    mask_notes,
    nothing_there,
    pair_figures,
)
from core.workflows.mask_file import MaskFile, MaskPair, open_pairs, read_mask_file, read_reference
from core.workflows.mask_measures import Contender, Figures, Measure, every_case, foreground_of
from core.workflows.score_masks import Progress, predicted_mask
from core.workspace.cohort_record import CohortCase, KeptCohort

MASK_METRICS = ("dice", "hd95_mm", "nsd_1mm", "nsd_2mm", "absolute_volume_error_ml")
"""Figures that pairs are compared by: of a distance the median over cases, of the others the mean."""

MASK_LOWER_IS_BETTER = frozenset({"hd95_mm", "absolute_volume_error_ml"})
BY_MEDIAN = frozenset({"hd95_mm"})

Labelled = dict[str, MaskFigures]
"""Figures of one case by label; of a mean of probabilities those of all labels together alone."""


@dataclass(frozen=True, slots=True)
class MaskQuestion:
    """What is asked. label None : all labels together. margin : of non-inferiority of a pair's first to its second."""

    primary: str = "dice"
    label: str | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        if self.primary not in MASK_METRICS:
            raise ValueError(f"There is no figure {self.primary}. The figures are: {', '.join(MASK_METRICS)}.")
        if self.margin is not None and not self.margin > 0:
            raise ValueError("A margin of non-inferiority is above 0, in the figure's units.")
        if self.margin is not None and self.primary in MASK_LOWER_IS_BETTER:
            raise ValueError(f"Non-inferiority is for figures that are better when higher; {self.primary} is not.")


@dataclass(frozen=True, slots=True)
class _Compared:
    """The cases that every contender has answered. found : by contender, the figures of each case."""

    name: str
    sha256: str
    cases: tuple[str, ...]
    patients: tuple[str, ...] | None
    dropped: tuple[Dropped, ...]
    ignored: tuple[str, ...]
    found: dict[str, list[Labelled]]


def compare_kept_masks(
    cohort: KeptCohort,
    contenders: Sequence[Contender],
    method: Method,
    asked: MaskQuestion,
    *,
    how: MaskMethod | None = None,
    split: str | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Document:
    """The comparison of a kept cohort's segmentations; cases that one of them lacks are left out of all.

    Raises
    ------
    ValueError : the label that was asked for is in no mask.
    """
    how = how or MaskMethod()
    held, dropped = every_case(cohort, contenders, figures_measure(how), split=split, progress=progress)
    found = {
        one.name: [{label: _figures(plain) for label, plain in made[place].items()} for _, made in held]
        for place, one in enumerate(contenders)
    }
    patients = tuple(case.patient for case, _ in held) if cohort.patients is not None else None
    cases = tuple(case.id for case, _ in held)
    compared = _Compared(name or cohort.name, cohort.sha256, cases, patients, tuple(dropped), (), found)
    return _document(compared, method, how, asked)


def compare_mask_table(
    path: Path,
    columns: Sequence[str],
    method: Method,
    asked: MaskQuestion,
    *,
    how: MaskMethod | None = None,
    progress: Progress | None = None,
) -> Document:
    """The same for a table of masks: beside `reference` a column of files for each segmentation.

    Raises
    ------
    TableError : with every fault of the table and of its masks. ValueError : as above.
    """
    how = how or MaskMethod()
    found: dict[str, list[Labelled]] = {}
    files = [read_mask_file(path, prediction=column) for column in columns]
    for number, (column, file) in enumerate(zip(columns, files, strict=True)):
        found[column] = []
        for at, pair in enumerate(open_pairs(file), start=1):
            if pair is not None:
                found[column].append(pair_figures(pair, how))
            if progress is not None:
                progress((number + at / len(file.cases)) / len(files), f"{column}, case {at} of {len(file.cases)}")
    first = files[0]
    ignored = tuple(name for name in first.ignored if name not in columns)
    compared = _Compared(first.file, first.sha256, first.cases, first.patients, (), ignored, found)
    return _document(compared, method, how, asked)


def figures_measure(how: MaskMethod) -> Measure:
    """What is kept of a case for a comparison made in this way."""

    def make(cohort: KeptCohort, case: CohortCase, contender: Contender) -> Figures:
        made = pair_figures(mask_pair(cohort, case, contender), how)
        if len(contender.members) > 1:
            made = {label: held for label, held in made.items() if label == ANY}
        return {label: plain(held) for label, held in made.items()}

    return Measure(f"figures-{how.empty}-{how.min_lesion_mm3:g}", make)


def mask_pair(cohort: KeptCohort, case: CohortCase, contender: Contender) -> MaskPair:
    """The reference mask of a case and the contender's own, of a mean that at 0.5.

    Raises
    ------
    StudyError : one of them cannot be read, or they lie on different grids.
    """
    reference = cohort.root / str(case.mask)
    if len(contender.members) > 1:
        real, spacing_mm = read_reference(reference)
        mean = foreground_of(cohort, case, contender, real.shape)
        mask = mean >= MASK_THRESHOLD * FOREGROUND_STEPS
        return MaskPair(case.id, (real > 0).astype(np.uint8), mask.astype(np.uint8), spacing_mm)
    table = MaskFile(
        file=cohort.name,
        sha256=cohort.sha256,
        cases=(case.id,),
        rows=(1,),
        patients=None,
        reference=(reference,),
        prediction=(predicted_mask(cohort, case, contender.members[0]),),
        ignored=(),
    )
    try:
        (pair,) = open_pairs(table)
    except TableError as refusal:
        raise StudyError(
            found=f"The masks of {case.id} cannot be compared. {refusal.faults[0].text}",
            why="Masks are compared voxel by voxel.",
            do="Mend the reference mask, or score the case again.",
        ) from refusal
    if pair is None:
        raise AssertionError("a case at fault raises")
    return pair


def _figures(kept: Figures) -> MaskFigures:
    """The record that `plain` wrote down."""
    return MaskFigures(
        **{
            **kept,
            "state": State(kept["state"]),
            "empty_policy": EmptyPolicy(kept["empty_policy"]),
            "nsd": {float(tau): share for tau, share in kept["nsd"].items()},
            "lesions": Lesions(**kept["lesions"]),
        }
    )


def _document(held: _Compared, method: Method, how: MaskMethod, asked: MaskQuestion) -> Document:
    labels = labels_of([case for one in held.found.values() for case in one])
    label = asked.label or (ANY if len(labels) > 1 else labels[0])
    if label not in labels:
        raise ValueError(f"There is no label {label}. The labels are: {', '.join(labels)}.")
    patients = held.patients if method.by_patient else None
    clustered = patients is not None and len(set(patients)) < len(patients)
    units = patients if clustered and patients is not None else held.cases
    by_label = {name: _by_label(held.found[name], labels, how) for name in held.found}
    draws = Draws(codes_of(units), method.resamples, method.seed) if held.cases else None
    pairs = [] if draws is None else list(_pairs(by_label, draws, asked, label))
    rows = len(held.cases) + len(held.dropped)
    return {
        **document_head(
            SCHEMA,
            file_input(held.name, held.sha256, rows, len(held.cases), held.dropped, held.patients, held.ignored),
            settings(method, clustered=clustered, positive=None, missing=Missing.DROP) | how_asked(how),
            [*mask_notes(held.name, how, len(set(units))), *_limits(held.name, clustered=clustered)],
        ),
        "task": "segmentation",
        "labels": list(labels),
        "label": label,
        "primary": asked.primary,
        "models": [
            {"model": name, "summaries": [label_summary(one, made[one], patients, method) for one in made]}
            for name, made in by_label.items()
            if held.cases
        ],
        "pairs": _with_holm(pairs),
        "agreement": [
            agreement
            for a, b in combinations(by_label, 2)
            for one in labels
            if held.cases and one in by_label[a] and one in by_label[b]
            for agreement in [_agreement(a, b, one, by_label[a][one], by_label[b][one])]
        ],
        "cases": [
            {"model": name, **case_row(case, one, made[one][number])}
            for number, case in enumerate(held.cases)
            for name, made in by_label.items()
            for one in made
        ],
    }


def _by_label(cases: Sequence[Labelled], labels: Sequence[str], how: MaskMethod) -> dict[str, list[MaskFigures]]:
    """The figures by label; of a mean of probabilities for the label that stands for all."""
    whole = ANY if len(labels) > 1 else labels[0]
    absent = nothing_there(how)
    if not any(label.isdecimal() for case in cases for label in case):
        return {whole: [case.get(ANY, absent) for case in cases]}
    return {label: [case.get(label, absent) for case in cases] for label in labels}


def _pairs(
    by_label: dict[str, dict[str, list[MaskFigures]]], draws: Draws, asked: MaskQuestion, label: str
) -> Iterator[tuple[str, Comparison]]:
    for a, b in combinations(by_label, 2):
        for one in by_label[a]:
            if one not in by_label[b]:
                continue
            for metric in MASK_METRICS:
                values = [[value_of(case, metric) for case in by_label[name][one]] for name in (a, b)]
                difference, p = draws.difference(*values, median=metric in BY_MEDIAN)
                primary = (metric, one) == (asked.primary, label)
                pair = Comparison(
                    a, b, metric, difference, p, None if p is None else "bootstrap_cluster", primary=primary
                )
                yield one, pair.with_margin(asked.margin) if primary and asked.margin is not None else pair


def value_of(case: MaskFigures, metric: str) -> float | None:
    """A case's figure by its name in `MASK_METRICS`; None where it is undefined."""
    if metric == "absolute_volume_error_ml":
        return abs(case.volume_error_ml)
    if metric.startswith("nsd_"):
        return case.nsd[float(metric.removeprefix("nsd_").removesuffix("mm"))]
    found: float | None = getattr(case, metric)
    return found


def _with_holm(pairs: Sequence[tuple[str, Comparison]]) -> list[Document]:
    adjusted = with_holm([pair for _, pair in pairs])
    return [{"label": label, **pair_document(pair)} for (label, _), pair in zip(pairs, adjusted, strict=True)]


def _agreement(a: str, b: str, label: str, first: Sequence[MaskFigures], second: Sequence[MaskFigures]) -> Document:
    """Volumes of the one less those of the other, and who rightly drew nothing where the reference is empty."""
    empty = [(x, y) for x, y in zip(first, second, strict=True) if not x.volume_reference_ml]
    right = [(x.volume_prediction_ml == 0, y.volume_prediction_ml == 0) for x, y in empty]
    return {
        "a": a,
        "b": b,
        "label": label,
        "bland_altman": plain(
            bland_altman([y.volume_prediction_ml for y in second], [x.volume_prediction_ml for x in first])
        ),
        "reference_empty": len(empty),
        "only_a_empty": sum(x and not y for x, y in right),
        "only_b_empty": sum(y and not x for x, y in right),
    }


def _limits(name: str, *, clustered: bool) -> list[Note]:
    """Bland and Altman's limits know no patients."""
    if not clustered:
        return []
    text = f"{name}: patients repeat. Limits of agreement count every scan as independent, so theirs are too narrow."
    return [Note("repeated_patients", text)]


def mean_of(contenders: Sequence[Contender], name: str) -> Contender:
    """The mean of several models' probabilities as one more contender."""
    return Contender(name, tuple(one for held in contenders for one in held.members))
