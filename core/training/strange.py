"""Further columns of a data folder's tables: files that are no training case, and the subgroups of those that are.

Owns reading them. A column that a table lacks is no fault: the tables of one recipe come from several sources.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import DamagedFile
from core.training.dataset import Row
from core.training.recipe import Data, Strange

AGE = "age"
"""The column that holds numbers; its values are reported in bands."""

AGE_BANDS = {"below 40": (0, 40), "40 to 64": (40, 65), "65 and over": (65, 200)}
"""From, and below, in years: three bands of adults with about as many films each."""

FEW_FILMS = 10
"""A subgroup of fewer films is not reported: its interval would say nothing."""

FEW_VOLUMES = 3
"""Nor one of fewer volumes; a mean of three is told without an interval."""


@dataclass(frozen=True, slots=True)
class StrangeFile:
    """A file to be called unfamiliar, and what it is."""

    image: str
    kind: str


def strange_files(root: Path, table: Strange) -> tuple[StrangeFile, ...]:
    """The files of a table, in its order; raises DamagedFile where the table or its columns are missing."""
    path = root / table.csv
    rows = _read(path) if path.is_file() else []
    wanted = [table.image, *([table.kind] if table.kind else [])]
    if not rows or any(name not in rows[0] for name in wanted):
        raise DamagedFile(
            found=f"There is no {table.csv} with a column {' and '.join(wanted)} in the data folder.",
            why="It lists the files that the model has to notice.",
            do="Complete the folder, or take data.ood out of the recipe.",
        )
    return tuple(StrangeFile(row[table.image], row[table.kind] if table.kind else "") for row in rows)


def read_subgroups(root: Path, data: Data) -> dict[str, Mapping[str, str]]:
    """By column, each file's subgroup; a file whose table lacks the column or leaves it empty has none."""
    found: dict[str, dict[str, str]] = {column: {} for column in data.subgroups}
    for table in data.tables:
        for row in _read(root / table.csv):
            for column in data.subgroups:
                if row.get(column):
                    found[column][row[table.image]] = _named(column, row[column])
    return {column: {image: name for image, name in held.items() if name} for column, held in found.items()}


def subgroups_of(
    rows: Sequence[Row], columns: Mapping[str, Mapping[str, str]], finding: str | None
) -> dict[str, NDArray[np.bool_]]:
    """By name such as 'view AP', which rows belong to it, (n,): subgroups that say more than the whole does.

    finding : of films; None where rows are volumes.
    """
    positive = np.array([finding in (None, row.label) for row in rows], bool)
    few = FEW_VOLUMES if finding is None else FEW_FILMS
    found = {}
    for column, named in columns.items():
        held = np.array([named.get(row.image, "") for row in rows])
        for name in sorted(set(held.tolist()) - {""}):
            inside = held == name
            same_negatives = not (inside & positive).any() and int(inside.sum()) == int((~positive).sum())
            if inside.sum() >= few and not inside.all() and not same_negatives:
                found[f"{column} {name}"] = inside
    return found


def _named(column: str, text: str) -> str:
    if column != AGE:
        return text.strip()[:64]
    try:
        years = float(text)
    except ValueError:
        return ""
    return next((band for band, (low, high) in AGE_BANDS.items() if low <= years < high), "")


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
