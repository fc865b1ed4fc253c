"""`scores.csv`: labelled cases with one or several models' scores, read strictly, every fault told at once.

Owns section 3 of the evaluation page: which columns a file needs, which are read, what a label means and what
becomes of a case without score. Rows are `_table_rows`', cells `_table_columns`', figures `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.metrics.cohort import Cohort, Missing, Note, resolve_missing
from core.metrics.names import Names
from core.workflows._table_columns import CaseIds, Column, Scores, Texts
from core.workflows._table_faults import Faults, echo
from core.workflows._table_rows import TableRows, open_table, table_sha256

CASE, PATIENT, LABEL, SLICE = "case_id", "patient_id", "label", "slice_"
"""Names of the columns that are no scores; a subgroup's begins with the last one."""

POSITIVE = "1"
"""The positive label where the labels are 0 and 1 and nobody names one."""

SPLIT_COLUMN = f"{SLICE}split"
"""The subgroup column that names calibration and test sets."""

LABELS_TOLD = 20
"""Distinct labels repeated in a message; a column of free text has thousands."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A case left out. row : in the file, the header being 1."""

    row: int
    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CohortFile:
    """A cohort, and how the file became one.

    file : the name as shown. rows : cases in the file. missing : the rule; holes : missing scores by model before
    it. calibrated : the models whose scores all lie in 0 to 1 and are all there, or dropped. ignored : columns that
    were not read. notes : warnings of the file. has_patients : there is a patient for every case.
    """

    file: str
    sha256: str
    rows: int
    cohort: Cohort
    positive: str
    missing: Missing
    holes: dict[str, int]
    calibrated: frozenset[str]
    dropped: tuple[Dropped, ...]
    ignored: tuple[str, ...]
    notes: tuple[Note, ...]

    def bounded(self, rule: Missing) -> Cohort:
        """The same cases with missing scores taken the other way: `worst` or `best`.

        Raises
        ------
        ValueError : the file was read under another rule, which keeps no missing score.
        """
        if not {rule, self.missing} <= {Missing.WORST, Missing.BEST}:
            raise ValueError("bounds are for files that were read with bounds")
        turned = {name: np.where(np.isinf(held), -held, held) for name, held in self.cohort.scores.items()}
        return self.cohort if rule is self.missing else replace(self.cohort, scores=turned)

    @property
    def models(self) -> tuple[str, ...]:
        """The score columns that were read, in the order asked for."""
        return tuple(self.cohort.scores)


@dataclass(slots=True)
class Table:
    """The columns of a cohort file after reading. faults : of the table and of its columns that are no scores."""

    file: str
    sha256: str
    rows: int
    names: list[str]
    cases: CaseIds | None
    labels: Texts | None
    patients: Texts | None
    slices: list[Texts]
    scores: dict[str, Scores]
    faults: Faults

    @property
    def row_numbers(self) -> Sequence[int]:
        """The row of each case, in order."""
        return self.cases.rows if self.cases else ()

    def case_names(self) -> Sequence[str]:
        """The id of each case, in order."""
        return self.cases.names if self.cases else ()

    def patient_of(self) -> tuple[str, ...] | None:
        """The patient of each case; None where the file has none."""
        return self.patients.texts if self.patients and self.patients.has_values else None

    def slice_of(self) -> dict[str, tuple[str, ...]]:
        """The text of each case by subgroup column; "" where a case has none."""
        return {column.name: column.texts for column in self.slices}

    def ignored(self, read: Sequence[str]) -> tuple[str, ...]:
        """The score columns that nobody asked for, and columns that hold no scores."""
        kept = {*read, CASE, PATIENT, LABEL, *(column.name for column in self.slices)}
        return tuple(name for name in self.names if name not in kept)


def read_cohort(
    path: Path,
    *,
    models: Sequence[str] = (),
    positive: str | None = None,
    missing: Missing = Missing.REFUSE,
    name: str | None = None,
    split: str | None = None,
) -> CohortFile:
    """The cohort of a file, for figures of two classes.

    Parameters
    ----------
    models : the score columns to read; none: every column whose cells are all numbers or missing.
    positive : the label that counts as positive; None: "1", where the labels are 0 and 1.
    missing : what becomes of a case without score. name : what messages call the file; None: its own name.
    split : only the cases with this text in the column `slice_split`; the others are read, and are no cases.

    Raises
    ------
    TableError : with every fault of the file, in reading order.
    """
    table = read_table(path, name or path.name)
    read = chosen_scores(table, models)
    faults = table.faults.joined([column.faults for column in read])
    inside = None if split is None else rows_of_split(table, split, faults)
    if missing is Missing.REFUSE:
        faults = faults.joined([column.missing_in(table.row_numbers, inside) for column in read])
    positive = _positive_label(table, positive, faults)
    faults.require_none()
    made = _cohort(table, read, positive, missing, inside)
    return made if split is None else replace(made, file=f"{made.file}, split {split}")


def read_table(path: Path, file: str) -> Table:
    """All columns of the file. Their faults are collected, not raised: who asks knows which of them matter.

    Raises
    ------
    TableError : there is no header.
    """
    faults = Faults(file)
    with open_table(path, faults) as rows:
        table = _columns(rows, file, faults)
        held: list[Column] = [
            *(column for column in (table.cases, table.labels, table.patients) if column is not None),
            *table.slices,
            *table.scores.values(),
        ]
        for numbers, cells in rows.chunks():
            for column in held:
                column.take(numbers, cells[column.position])
        table.rows = rows.rows
    if table.cases is not None:
        table.cases.check_repeats()
    _check_patients(table)
    plain = [column.faults for column in (table.cases, table.labels, table.patients) if column is not None]
    table.faults = faults.joined(plain)
    table.sha256 = table_sha256(path)
    return table


def _columns(rows: TableRows, file: str, faults: Faults) -> Table:
    names = rows.columns
    _check_header(names, faults)
    at = {name: position for position, name in reversed(list(enumerate(names))) if name}
    slices = [Texts(name, place, file) for name, place in sorted(at.items(), key=_second) if name.startswith(SLICE)]
    others = [name for name in dict.fromkeys(names) if name and name not in (CASE, PATIENT, LABEL)]
    return Table(
        file=file,
        sha256="",
        rows=0,
        names=[name for name in dict.fromkeys(names) if name],
        cases=CaseIds(CASE, at[CASE], file) if CASE in at else None,
        labels=Texts(LABEL, at[LABEL], file, "empty. Every case needs a label.") if LABEL in at else None,
        patients=Texts(PATIENT, at[PATIENT], file, "empty. Fill it for every case or remove the column.")
        if PATIENT in at
        else None,
        slices=slices,
        scores={name: Scores(name, at[name], file) for name in others if not name.startswith(SLICE)},
        faults=faults,
    )


def _second(pair: tuple[str, int]) -> int:
    return pair[1]


def _check_header(names: list[str], faults: Faults) -> None:
    listed = ", ".join(echo(name) for name in names if name)
    for needed in (CASE, LABEL):
        if needed not in names:
            faults.of_table(f'there is no column "{needed}". The columns are: {listed}.', column=needed)
    for name in dict.fromkeys(names):
        places = [place for place, other in enumerate(names, start=1) if name and other == name]
        if len(places) > 1:
            times = "twice" if len(places) == 2 else f"{len(places)} times"
            where = f"{', '.join(str(place) for place in places[:-1])} and {places[-1]}"
            said = f'the column "{echo(name)}" appears {times} (columns {where}).'
            faults.of_table(said, position=places[0] - 1, column=name)


def _check_patients(table: Table) -> None:
    """A column without any patient is as good as none: all or none are given."""
    if table.patients is not None and not table.patients.has_values:
        table.patients = None


def chosen_scores(table: Table, models: Sequence[str]) -> list[Scores]:
    """The score columns asked for, in that order; what is not there goes to the table's faults.

    Where nobody named one: every numeric column. If there is none, columns with some numbers are at fault.
    """
    if not table.scores:
        table.faults.of_table(
            f"there is no score column besides {CASE}, {PATIENT} and {LABEL}.", position=len(table.names)
        )
        return []
    numeric = [column for column in table.scores.values() if column.is_numeric]
    if models:
        known = ", ".join(echo(column.name) for column in numeric)
        for model in dict.fromkeys(models):
            if model not in table.scores:
                said = f'there is no score column "{echo(model)}". The score columns are: {known}.'
                table.faults.of_table(said, position=len(table.names), column=model)
        return [table.scores[model] for model in dict.fromkeys(models) if model in table.scores]
    partly = [
        column for column in table.scores.values() if column.faults.count + column.missing.count < len(column.values)
    ]
    if table.rows and not numeric and not partly:
        table.faults.of_table(
            f"there is no score column besides {CASE}, {PATIENT} and {LABEL}.", position=len(table.names)
        )
    return numeric or partly


def _positive_label(table: Table, asked: str | None, faults: Faults) -> str:
    """The label that counts as positive; what stands against it goes to `faults`."""
    labels = table.labels
    if labels is None or not labels.values:
        return asked or POSITIVE
    values = labels.values
    told = ", ".join(echo(value) for value in values[:LABELS_TOLD]) + (", …" if len(values) > LABELS_TOLD else "")
    if len(values) > 2:
        latest = max(values, key=labels.first_row.__getitem__)
        said = (
            f'{len(values)} values found ({told}) where two are expected; the first "{echo(latest)}" is in row '
            f"{labels.first_row[latest]}. Name the positive value with --positive and keep two values, "
            "or use --task multiclass."
        )
        faults.of_column(labels.position, LABEL, said)
    elif asked is not None and asked not in values:
        said = f'no case has the value "{echo(asked)}" given with --positive. The values are: {told}.'
        faults.of_column(labels.position, LABEL, said)
    elif asked is None and not set(values) <= {"0", POSITIVE}:
        faults.of_column(labels.position, LABEL, f"the values are {told}. Name the positive one with --positive.")
    return asked or POSITIVE


def rows_of_split(table: Table, split: str, faults: Faults) -> NDArray[np.bool_]:
    """(rows,) which cases are of the split; a split that is not there goes to `faults`."""
    column = next((one for one in table.slices if one.name == SPLIT_COLUMN), None)
    if column is None:
        faults.of_table(f'there is no column "{SPLIT_COLUMN}", so no split "{echo(split)}".', column=SPLIT_COLUMN)
        return np.zeros(len(table.row_numbers), bool)
    if split not in column.values:
        told = ", ".join(echo(value) for value in column.values[:LABELS_TOLD])
        said = f'no case has the value "{echo(split)}". The values are: {told}.'
        faults.of_column(column.position, SPLIT_COLUMN, said)
        return np.zeros(len(table.row_numbers), bool)
    return np.asarray(np.frombuffer(column.codes, np.int64) == list(column.first_row).index(split), bool)


def _cohort(
    table: Table, read: Sequence[Scores], positive: str, missing: Missing, inside: NDArray[np.bool_] | None
) -> CohortFile:
    labels = table.labels
    if labels is None:
        raise AssertionError("a table without labels was refused")
    codes = np.frombuffer(labels.codes, np.int64)
    truth = (
        codes == list(labels.first_row).index(positive) if positive in labels.first_row else np.zeros(len(codes), bool)
    )
    mine = np.arange(len(codes)) if inside is None else np.flatnonzero(inside)
    resolved = resolve_missing(truth[mine], {column.name: column.numbers[mine] for column in read}, missing)
    kept, left = mine[resolved.kept], mine[~resolved.kept]
    names, patients = Names.of(()) if table.cases is None else table.cases.names, table.patient_of()
    cohort = Cohort(
        cases=names.take(kept),
        labels=truth[kept],
        scores=resolved.scores,
        patients=None if patients is None else _taken(patients, kept),
        slices={name: _taken(texts, kept) for name, texts in table.slice_of().items()},
    )
    outside = {column.name: column.outside_in(table.row_numbers, inside) for column in read}
    bounded = missing in (Missing.WORST, Missing.BEST)
    return CohortFile(
        file=table.file,
        sha256=table.sha256,
        rows=table.rows if inside is None else len(mine),
        cohort=cohort,
        positive=positive,
        missing=missing,
        holes=resolved.missing,
        calibrated=frozenset(name for name in outside if not (outside[name] or (bounded and resolved.missing[name]))),
        dropped=tuple(
            Dropped(table.row_numbers[index], names[index], _without_score(read, index)) for index in left.tolist()
        ),
        ignored=table.ignored([column.name for column in read]),
        notes=(*_single_class(table, cohort, positive), *outside_unit_range(table.file, outside)),
    )


def _taken(texts: tuple[str, ...], rows: NDArray[np.int64]) -> tuple[str, ...]:
    return texts if len(rows) == len(texts) else tuple(texts[row] for row in rows.tolist())


def _without_score(read: Sequence[Scores], index: int) -> str:
    return f"no score of {', '.join(column.name for column in read if np.isnan(column.numbers[index]))}"


def _single_class(table: Table, cohort: Cohort, positive: str) -> tuple[Note, ...]:
    if not cohort.n or (cohort.positives and cohort.negatives):
        return ()
    others = [value for value in table.labels.values if value != positive] if table.labels else []
    only = positive if cohort.positives or not others else others[0]
    answered = "Sensitivity" if cohort.positives else "Specificity"
    text = (
        f'{table.file}: all {cohort.n} labels are "{echo(only)}". {answered} can be answered; '
        "whatever needs both classes is left empty."
    )
    return (Note("single_class", text),)


def outside_unit_range(file: str, outside: Mapping[str, tuple[int, str] | None]) -> tuple[Note, ...]:
    """A warning for each column with a score outside 0 to 1. outside : by column the first one's row and text."""
    return tuple(
        Note(
            "outside_0_1",
            f'{file}, row {first[0]}, column "{name}": {echo(first[1])} lies outside 0 to 1. '
            f'Calibration, the Brier score and net benefit are left empty for "{name}".',
        )
        for name, first in outside.items()
        if first is not None
    )
