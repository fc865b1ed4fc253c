"""Subgroups at the threshold of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from core.metrics.cohort import Cohort
from core.metrics.slices import slice_figures, slice_tests


@pytest.fixture
def cohort(oracles: Any) -> Cohort:
    """The sliced cohort of the oracle."""
    rows = oracles.rows("slices.csv")
    scores, labels = oracles.cohort("slices.csv")
    slices = {name: tuple(r[name] for r in rows) for name in ("slice_site", "slice_sex")}
    return Cohort(tuple(r["case_id"] for r in rows), labels == 1, {"model_a": scores}, None, slices)


def test_rows_agree_with_scikit_learn_and_statsmodels(oracles: Any, cohort: Cohort) -> None:
    """Counts, rates with intervals, areas, and which subgroups are small."""
    answers = oracles.answers("slices.json")
    made = slice_figures(cohort, answers["model"], answers["threshold"])

    assert len(made) == len(answers["slices"])
    for row, expected in zip(made, answers["slices"], strict=True):
        for name in ("column", "value", "cases", "positives", "negatives", "few_cases"):
            assert getattr(row, name) == expected[name]
        assert row.auc.value == pytest.approx(expected["auc"], abs=1e-9)
        for name in ("sensitivity", "specificity"):
            estimate = getattr(row, name)
            limits = (expected[name], expected[f"{name}_lo"], expected[f"{name}_hi"])
            assert (estimate.value, estimate.lo, estimate.hi) == pytest.approx(limits, abs=1e-9)


def test_differences_are_tested_only_when_asked_and_then_with_holm(cohort: Cohort) -> None:
    """Six subgroups looked at are fifteen chances to find something."""
    made = slice_tests(slice_figures(cohort, "model_a", 0.5))
    sites = [t for t in made if t.column == "slice_site"]

    assert [(t.a, t.b) for t in sites] == [("east", "north"), ("east", "south"), ("north", "south")]
    assert all(t.p_holm >= t.p for t in made)
    assert max(sites, key=lambda t: t.p).p_holm <= 1


def test_repeated_patients_widen_the_intervals_of_a_slice(cohort: Cohort) -> None:
    """A subgroup counts patients as the whole does."""
    patients = tuple(f"p{i // 4}" for i in range(cohort.n))
    repeated = Cohort(cohort.cases, cohort.labels, cohort.scores, patients, cohort.slices)

    assert slice_figures(repeated, "model_a", 0.5)[0].sensitivity.method == "wilson_cluster"
    assert slice_figures(repeated, "model_a", 0.5, cluster=False)[0].sensitivity.method == "wilson"


def test_a_slice_of_one_class_leaves_the_other_rate_empty() -> None:
    """A site with healthy cases only has no sensitivity."""
    made = slice_figures(
        Cohort(("a", "b", "c"), [True, False, False], {"m": [0.9, 0.1, 0.2]}, None, {"slice_s": ("x", "y", "y")}),
        "m",
        0.5,
    )

    assert made[1].sensitivity.reason == "no_positives"
    assert made[1].auc.reason == "single_class"
    assert slice_tests(made) == ()
