"""Known answers of other people's software, read once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ORACLES = Path(__file__).resolve().parent.parent / "oracles"


class Oracles:
    """Reads an answer file, or one model's scores and labels."""

    def answers(self, name: str) -> dict[str, Any]:
        """One JSON file of answers."""
        return dict(json.loads((ORACLES / name).read_text()))

    def cohort(self, name: str, model: str = "model_a") -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(scores, labels) of one column of one CSV."""
        with (ORACLES / name).open() as file:
            rows = list(csv.DictReader(file))
        return np.array([float(r[model]) for r in rows]), np.array([int(r["label"]) for r in rows])

    def masks(self, file: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, ...]]:
        """(reference, prediction, spacing in mm)."""
        with np.load(ORACLES / file) as held:
            return held["reference"], held["prediction"], tuple(held["spacing_mm"].tolist())


@pytest.fixture(scope="session")
def oracles() -> Oracles:
    """The known answers."""
    return Oracles()
