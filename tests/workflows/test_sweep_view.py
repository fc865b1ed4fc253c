"""A cut-off in rows: figures with their denominators, intervals and reasons."""

from __future__ import annotations

import math

from core.metrics.counts import count_at
from core.metrics.decision import shift
from core.workflows.documents import Method
from core.workflows.instrument import percent_text
from core.workflows.sweep_point import (
    standing,
)
from core.workflows.sweep_view import elsewhere_rows, figure_rows, more_rows, subgroup_table
from tests.workflows.made_up import cohort_file

METHOD = Method(resamples=50)


def test_figures_stand_with_k_of_n_estimate_and_interval() -> None:
    """A percentage alone is half a number."""
    file = cohort_file()
    chosen = standing(file, "net_a", 0.4, METHOD, answer=None, locked=None)
    counts = count_at(file.cohort.scores["net_a"], file.cohort.labels, 0.4)

    rows = {row[0]: row for row in figure_rows(file, chosen)}

    assert rows["Sensitivity"][1] == f"{counts.tp} of {counts.positives}"
    assert rows["Sensitivity"][2] == percent_text(counts.tp / counts.positives)
    assert "–" in rows["Sensitivity"][3]
    assert "how common the finding is" in rows["Positive predictive value"][4]


def test_a_threshold_above_every_score_leaves_ppv_undefined_with_a_reason() -> None:
    """Nobody called positive is no PPV of 0, and none of 1."""
    file = cohort_file()
    chosen = standing(file, "net_a", math.inf, METHOD, answer=None, locked=None)

    rows = {row[0]: row for row in figure_rows(file, chosen)}

    assert rows["Positive predictive value"][2:] == ("–", "", "nobody is called positive")


def test_other_figures_lose_their_interval_where_patients_repeat() -> None:
    """An interval that counts images as people is too narrow."""
    one, several = (
        more_rows(standing(file, "net_a", 0.4, METHOD, answer=None, locked=None))
        for file in (cohort_file(), cohort_file(patients=True))
    )

    assert {row[0] for row in one} == {row[0] for row in several}
    assert any(row[3] for row in one)
    assert not any(row[3] for row in several)


def test_values_elsewhere_are_those_of_the_likelihood_ratios() -> None:
    """PPV at 1 % is not PPV at 30 %."""
    file = cohort_file()
    counts = count_at(file.cohort.scores["net_a"], file.cohort.labels, 0.4)

    rows = elsewhere_rows(counts, 0.01)

    assert rows[0][2] == percent_text(shift(counts, 0.01).ppv.value)
    assert "1.0 %" in rows[0][4]


def test_subgroups_keep_the_threshold_and_mark_small_ones() -> None:
    """Choosing again in each subgroup would make each look its best."""
    rows = subgroup_table(cohort_file(cases=24), "net_a", 0.4, METHOD)

    assert [row[0] for row in rows] == ["site: north", "site: south"]
    assert all(row[-1] == "few cases" for row in rows)
