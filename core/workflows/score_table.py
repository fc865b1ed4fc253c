"""What a cohort shows of its answers: `scores.csv` in the evaluation page's format, and the record beside it.

Owns columns, labels and the list of cases without an answer. Answers themselves are kept by `score`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from core.models.atomic import write_atomically
from core.models.model import Model
from core.workflows.cases import table_csv
from core.workflows.class_file import JOINT
from core.workflows.cohort_file import CASE, LABEL, PATIENT, POSITIVE, SLICE, SPLIT_COLUMN
from core.workspace.cohort_answers import Answers
from core.workspace.cohort_record import CohortCase, CohortKind, KeptCohort, ScoredBy, Unread
from core.workspace.cohorts import CohortStore, read_cases

Said = Mapping[str, Mapping[str, Any]]
"""Answers of one model, by the case's hash."""


def columns_of(model: Model) -> dict[str, str]:
    """Columns of `scores.csv` that a model fills, each with its class: one for one finding, else one for each class."""
    if len(model.findings) == 1:
        return {model.id: model.findings[0]}
    return {f"{model.id}{JOINT}{name}": name for name in model.classes}


def class_of(column: str) -> str | None:
    """The class that a column's name says it is about; None where the name is a model's id alone."""
    model, joint, name = column.rpartition(JOINT)
    return name if joint and model else None


def settle(
    store: CohortStore, cohort: KeptCohort, asked: Sequence[tuple[Model, Said]], unread: Sequence[Unread]
) -> KeptCohort:
    """Write the record and `scores.csv` anew from the answers of these models and of those that came before.

    Raises
    ------
    NotFound : the cohort was deleted in the meantime.
    """
    cases = read_cases(cohort)

    def change(held: KeptCohort) -> KeptCohort:
        fresh = {model.id for model, _ in asked}
        before = [one for one in held.models if one.model_id not in fresh]
        said: dict[str, Said] = {
            one.model_id: Answers(store.answers, one.weights_sha256, one.fed).load() for one in before
        }
        said.update({model.id: answers for model, answers in asked})
        models = (*before, *(_scored(model, answers, cases) for model, answers in asked))
        kept = replace(held, models=models, unread=_unread(held, fresh, unread))
        if not any(one.scored for one in models):
            kept.scores_csv.unlink(missing_ok=True)
        elif kept.kind is CohortKind.IMAGES:
            write_atomically(kept.scores_csv, _scores_csv(kept, cases, said))
        return kept

    return store.update(cohort.id, change)


def _unread(held: KeptCohort, fresh: set[str], unread: Sequence[Unread]) -> tuple[Unread, ...]:
    """What is told now, and what was told of models that were not asked now."""
    older = [one for one in held.unread if one.model_id is not None and one.model_id not in fresh]
    return tuple(sorted((*unread, *older), key=lambda one: (one.case, one.model_id or "")))


def _scored(model: Model, said: Said, cases: Sequence[CohortCase]) -> ScoredBy:
    mine = [said[case.sha256] for case in cases if case.sha256 in said]
    return ScoredBy(
        model_id=model.id,
        weights_sha256=model.weights_sha256,
        fed=model.fed_sha256,
        columns=columns_of(model),
        scored=len(mine),
        seconds=median(one["seconds"] for one in mine) if mine else None,
    )


def _scores_csv(cohort: KeptCohort, cases: Sequence[CohortCase], said: Mapping[str, Said]) -> bytes:
    """One row a case; a case that nobody could score has an empty cell, so that whoever reads it must decide."""
    # A model that has answered nothing yet has no column: empty from end to end it would be no score column.
    answered = [one for one in cohort.models if one.scored]
    columns = [(name, one.model_id, found) for one in answered for name, found in one.columns.items()]
    splits = [SPLIT_COLUMN] if len(cohort.splits) > 1 else []  # a split alone is the whole
    slices = [name for name in cohort.slices if SLICE + name not in splits]
    header = (
        *(CASE, LABEL),
        *([PATIENT] if cohort.patients is not None else []),
        *splits,
        *(SLICE + name for name in slices),
        *(name for name, _, _ in columns),
    )
    written = _labels(cohort, [found for _, _, found in columns])
    rows = [
        (
            *(case.id, written.get(case.label, case.label)),
            *([case.patient] if cohort.patients is not None else []),
            *([case.split] if splits else []),
            *(case.slices.get(name, "") for name in slices),
            *(_cell(said[model].get(case.sha256), found) for _, model, found in columns),
        )
        for case in cases
    ]
    return table_csv(header, rows)


def _cell(answer: Mapping[str, Any] | None, found: str) -> str:
    return "" if answer is None else repr(float(answer["scores"][found]))


def _labels(cohort: KeptCohort, classes: Sequence[str]) -> dict[str, str]:
    """How each label is written: 1 and 0 where the positive one is known, else as the models spell their classes."""
    if cohort.positive:
        return {label: POSITIVE if label == cohort.positive else "0" for label in cohort.labels}
    spelt = {name.casefold(): name for name in classes}
    return {label: spelt.get(label.casefold(), label) for label in cohort.labels}
