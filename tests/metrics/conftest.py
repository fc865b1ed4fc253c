"""Known answers of other people's software, read once."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parent.parent.parent

settings.register_profile("metrics", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("metrics")


@dataclass(frozen=True)
class Oracles:
    """Reads an answer file, or one model's scores and labels, from one folder."""

    folder: Path

    def answers(self, name: str) -> dict[str, Any]:
        """One JSON file of answers."""
        return dict(json.loads((self.folder / name).read_text()))

    def rows(self, name: str) -> list[dict[str, str]]:
        """One CSV file, a dictionary a row."""
        with (self.folder / name).open() as file:
            return list(csv.DictReader(file))

    def cohort(self, name: str, model: str = "model_a") -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(scores, labels) of one column of one CSV; a missing score is NaN."""
        rows = self.rows(name)
        scores = [float(r[model]) if r[model].strip().lower() not in ("", "na") else np.nan for r in rows]
        return np.array(scores), np.array([int(r["label"]) for r in rows])

    def masks(self, file: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, ...]]:
        """(reference, prediction, spacing in mm)."""
        with np.load(self.folder / file) as held:
            return held["reference"], held["prediction"], tuple(held["spacing_mm"].tolist())


@pytest.fixture(scope="session")
def oracles() -> Oracles:
    """The known answers that travel with the tests."""
    return Oracles(REPOSITORY / "tests" / "oracles")


@pytest.fixture(scope="session")
def shared_oracles() -> Oracles:
    """The answers on pROC's aSAH data, whose licence keeps them out of the project."""
    folder = Path(os.environ.get("READROOM_TEST_ORACLES", REPOSITORY.parent / "shared" / "oracles"))
    if not (folder / "asah.csv").exists():
        pytest.skip("asah.csv (GPL, distributed with pROC) is not beside this checkout (../shared/oracles)")
    return Oracles(folder)
