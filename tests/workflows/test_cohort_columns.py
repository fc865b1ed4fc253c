"""Columns taken from a whole reading are those of a reading of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.metrics.cohort import Missing
from core.workflows.cohort_columns import narrowed
from core.workflows.cohort_file import read_cohort

ORACLES = Path(__file__).resolve().parents[1] / "oracles"


@pytest.mark.parametrize("name", ["two_models.csv", "clustered.csv", "slices.csv", "bad_files/outside_0_1.csv"])
def test_narrowing_is_reading_again(name: str) -> None:
    """Two ways to one cohort must not differ in a single case, note or flag."""
    whole = read_cohort(ORACLES / name, missing=Missing.DROP)
    column = whole.models[0]

    found = narrowed(whole, [column], Missing.REFUSE)
    again = read_cohort(ORACLES / name, models=[column])

    assert found is not None
    np.testing.assert_array_equal(found.cohort.scores[column], again.cohort.scores[column])
    assert found.cohort.cases == again.cohort.cases
    assert found.models == again.models == (column,)
    assert (found.missing, found.calibrated, found.holes) == (again.missing, again.calibrated, again.holes)
    assert found.notes == again.notes
    assert set(found.ignored) == set(again.ignored)


def test_a_missing_score_anywhere_needs_a_reading() -> None:
    """Which cases are left out depends on the columns that are asked for."""
    whole = read_cohort(ORACLES / "bad_files" / "missing_score.csv", missing=Missing.DROP)

    assert narrowed(whole, whole.models[:1], Missing.DROP) is None
    assert narrowed(read_cohort(ORACLES / "two_models.csv"), ["elsewhere"], Missing.DROP) is None
