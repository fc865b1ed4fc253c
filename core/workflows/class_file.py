"""`scores.csv` for several classes: `<model>__<class>` columns of probabilities beside the true class.

Owns what is peculiar to several classes. The rest of section 3 of the evaluation page is `cohort_file`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.metrics.cohort import Missing
from core.workflows._table_columns import Scores, Texts
from core.workflows._table_faults import Faults, echo
from core.workflows.cohort_file import CASE, LABEL, PATIENT, Dropped, Table, read_table, rows_of_split

JOINT = "__"
"""Between the model's name and the class in a column's name; the last one counts."""

SUM_TOLERANCE = 0.001
"""How far a row's probabilities may be from adding up to 1: they are often written with three decimals."""

ROUNDING = 1e-9
"""Slack of that comparison, for decimals that binary numbers cannot hold."""


@dataclass(frozen=True, slots=True)
class ClassFile:
    """Cases with their true class and each model's probabilities.

    classes : by model, in the order of its columns. truth : by model, (n,) the number of the true class in its
    classes. probabilities : by model, (n, classes). The rest is as in `CohortFile`.
    """

    file: str
    sha256: str
    rows: int
    cases: tuple[str, ...]
    patients: tuple[str, ...] | None
    classes: dict[str, tuple[str, ...]]
    truth: dict[str, NDArray[np.int64]]
    probabilities: dict[str, NDArray[np.float64]]
    missing: Missing
    holes: dict[str, int]
    dropped: tuple[Dropped, ...]
    ignored: tuple[str, ...]


def read_classes(
    path: Path,
    *,
    models: Sequence[str] = (),
    missing: Missing = Missing.REFUSE,
    name: str | None = None,
    split: str | None = None,
) -> ClassFile:
    """The cohort of a file, for figures of several classes.

    Parameters
    ----------
    models : names before the `__` of their columns; none: every model of the file.
    missing : `refuse`, or `drop` for cases without all probabilities. name : what messages call the file. split : as
    in `read_cohort`.

    Raises
    ------
    TableError : with every fault of the file, in reading order. ValueError : another rule for missing scores.
    """
    if missing not in (Missing.REFUSE, Missing.DROP):
        raise ValueError("a case of several classes has no worst score")
    table = read_table(path, name or path.name)
    chosen = _chosen(table, models)
    columns = [column for family in chosen.values() for column in family]
    faults = table.faults.joined([column.faults for column in columns])
    inside = None if split is None else rows_of_split(table, split, faults)
    if missing is Missing.REFUSE:
        faults = faults.joined([column.missing_in(table.row_numbers, inside) for column in columns])
    for family in chosen.values():
        _check_sums(table, family, faults)
        if table.labels is not None:
            _check_labels(table.labels, family, faults)
    faults.require_none()
    made = _class_file(table, chosen, missing, inside)
    if split is not None:
        made = replace(made, file=f"{made.file}, split {split}")
    if not made.cases:
        faults.of_table("no case has all its probabilities, so none is left.")
        faults.require_none()
    return made


def class_of(column: str) -> str:
    """The class that a probability column is about."""
    return column.rpartition(JOINT)[2]


def _chosen(table: Table, models: Sequence[str]) -> dict[str, list[Scores]]:
    """By model its columns, in the file's order; what is not there goes to the table's faults."""
    families: dict[str, list[Scores]] = {}
    for column in table.scores.values():
        model, joint, label = column.name.rpartition(JOINT)
        if joint and model and label:
            families.setdefault(model, []).append(column)
    end = len(table.names)
    if not families:
        table.faults.of_table(f"there is no score column besides {CASE}, {PATIENT} and {LABEL}.", position=end)
        return {}
    known = ", ".join(echo(model) for model in families)
    for model in dict.fromkeys(models):
        if model not in families:
            said = f'there is no score column "{echo(model)}". The score columns are: {known}.'
            table.faults.of_table(said, position=end, column=model)
    return {model: families[model] for model in dict.fromkeys(models or families) if model in families}


def _check_sums(table: Table, family: Sequence[Scores], faults: Faults) -> None:
    totals = _matrix(family).sum(axis=1)  # a missing or faulty cell makes NaN, which is told elsewhere
    wrong = np.flatnonzero(np.abs(totals - 1) > SUM_TOLERANCE + ROUNDING)
    names = [column.name for column in family]
    for index in wrong.tolist() if table.cases else ():
        said = f"the probabilities add up to {totals[index]:.6g}, not 1."
        faults.of_cells(table.row_numbers[index], family[0].position, names, said)


def _check_labels(labels: Texts, family: Sequence[Scores], faults: Faults) -> None:
    """Every true class needs its column: without one the model could not have been right."""
    known = {class_of(column.name) for column in family}
    model = family[0].name.rpartition(JOINT)[0]
    for value in labels.values:
        if value not in known:
            said = f'"{echo(value)}" has no column "{echo(model + JOINT + value)}".'
            faults.of_cell(labels.first_row[value], labels.position, LABEL, said)


def _matrix(family: Sequence[Scores]) -> NDArray[np.float64]:
    return np.column_stack([column.numbers for column in family])


def _class_file(
    table: Table, chosen: dict[str, list[Scores]], missing: Missing, inside: NDArray[np.bool_] | None
) -> ClassFile:
    labels = table.labels
    if labels is None:
        raise AssertionError("a table without labels was refused")
    tables = {model: _matrix(family) for model, family in chosen.items()}
    whole = {model: np.asarray(~np.isnan(held).any(axis=1), bool) for model, held in tables.items()}
    kept = np.asarray(np.stack(list(whole.values())).all(axis=0), bool)
    mine = np.ones(len(kept), bool) if inside is None else inside
    left, kept = mine & ~kept, mine & kept
    classes = {model: tuple(class_of(column.name) for column in family) for model, family in chosen.items()}
    names, patients = table.case_names(), table.patient_of()
    dropped = tuple(
        Dropped(
            table.row_numbers[index],
            names[index],
            f"no score of {', '.join(model for model, there in whole.items() if not there[index])}",
        )
        for index in np.flatnonzero(left).tolist()
    )
    codes = np.frombuffer(labels.codes, np.int64)[kept]
    return ClassFile(
        file=table.file,
        sha256=table.sha256,
        rows=table.rows if inside is None else int(mine.sum()),
        cases=tuple(compress(names, kept)),
        patients=None if patients is None else tuple(compress(patients, kept)),
        classes=classes,
        truth={
            model: np.array([names.index(text) for text in labels.first_row], np.int64)[codes]
            for model, names in classes.items()
        },
        probabilities={model: matrix[kept] for model, matrix in tables.items()},
        missing=missing,
        holes={model: int((mine & ~there).sum()) for model, there in whole.items()},
        dropped=dropped,
        ignored=table.ignored([column.name for family in chosen.values() for column in family]),
    )
