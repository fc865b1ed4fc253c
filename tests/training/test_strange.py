"""Further columns of the tables: strange files, and the subgroups that say more than the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DamagedFile
from core.training.dataset import Folder
from core.training.recipe import Data, Strange
from core.training.strange import read_subgroups, strange_files, subgroups_of
from tests.training.conftest import table


def folder_of(root: Path) -> Data:
    rows = []
    for n in range(40):
        label = "pneumonia" if n < 20 else "normal"
        kind = ("bacteria" if n < 12 else "virus") if n < 20 else "normal"
        rows.append(
            {
                "file": f"{n}.png",
                "split": "test",
                "label": label,
                "patient": f"P{n}",
                "subtype": kind,
                "age": str(n * 2),
            }
        )
    rows[39]["age"] = ""
    table(root / "index.csv", rows)
    table(root / "more.csv", [{"file": "a.png", "split": "else", "label": "normal", "patient": "Q"}])
    return Data.model_validate(
        {
            "title": "t",
            "tables": [{"csv": "index.csv"}, {"csv": "more.csv"}],
            "train": ["train"],
            "subgroups": ["subtype", "age"],
        }
    )


def test_subgroups_are_named_and_ages_are_bands(tmp_path: Path) -> None:
    """A figure for every single age would be noise, and a column that one table lacks is no fault."""
    data = folder_of(tmp_path)
    rows = Folder(tmp_path).rows(data.tables)[:40]

    found = subgroups_of(rows, read_subgroups(tmp_path, data), "pneumonia")

    assert {name: int(inside.sum()) for name, inside in found.items()} == {
        "subtype bacteria": 12,
        "age 40 to 64": 13,
        "age below 40": 20,
    }


def test_subgroup_of_all_the_negatives_and_small_ones_are_left_out(tmp_path: Path) -> None:
    """'subtype normal' repeats the specificity of the whole; eight films say nothing."""
    data = folder_of(tmp_path)
    rows = Folder(tmp_path).rows(data.tables)[:40]

    names = set(subgroups_of(rows, read_subgroups(tmp_path, data), "pneumonia"))

    assert "subtype normal" not in names
    assert "subtype virus" not in names


def test_strange_files_are_read_with_their_kind_and_a_missing_table_is_told(tmp_path: Path) -> None:
    """A gate that was never tried must not look like one that flags nothing."""
    table(tmp_path / "ood.csv", [{"file": "cat.png", "kind": "photo"}])

    assert [(f.image, f.kind) for f in strange_files(tmp_path, Strange(csv="ood.csv", kind="kind"))] == [
        ("cat.png", "photo")
    ]
    assert [f.kind for f in strange_files(tmp_path, Strange(csv="ood.csv"))] == [""]
    with pytest.raises(DamagedFile, match=r"no gone\.csv"):
        strange_files(tmp_path, Strange(csv="gone.csv"))
    with pytest.raises(DamagedFile, match="a column file and sort"):
        strange_files(tmp_path, Strange(csv="ood.csv", kind="sort"))
