"""The checked table, missing scores against the oracle, and who the patients are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.cohort import Cohort, Missing, in_unit_range, resolve_missing
from core.metrics.counts import count_at
from core.metrics.curves import auc


def cohort(**changes: Any) -> Cohort:
    """A valid cohort to vary."""
    held: dict[str, Any] = {
        "cases": ("a", "b", "c", "d"), "labels": [1, 0, 1, 0], "scores": {"m": [0.9, 0.1, 0.4, 0.3]},
        "patients": ("p", "p", "q", "r"), "slices": {"slice_site": ("x", "y", "x", "y")},
    }  # fmt: skip
    return Cohort(**(held | changes))


@pytest.mark.parametrize("rule", [Missing.DROP, Missing.WORST, Missing.BEST])
def test_missing_scores_are_dropped_or_bounded_as_the_oracle_says(oracles: Any, rule: Missing) -> None:
    """Dropped for every model alike, or wrong (right) at every threshold; never imputed."""
    answers = oracles.answers("missing.json")
    scores = {m: oracles.cohort("missing.csv", m)[0] for m in ("model_a", "model_b")}
    labels = oracles.cohort("missing.csv")[1]

    made = resolve_missing(labels, scores, rule)

    assert made.missing == answers["missing"]
    if rule is Missing.DROP:
        assert (np.flatnonzero(~made.kept) + 2).tolist() == answers["drop"]["dropped_rows"]
        assert made.kept.sum() == answers["drop"]["used"]
    for model, column in made.scores.items():
        expected, kept = answers[rule][model], labels[made.kept]
        counts = count_at(column, kept, 0.5)
        assert auc(column, kept).value == pytest.approx(expected["auc"], abs=1e-10)
        assert counts.tp == expected["tp_at_0_5"]
        assert counts.tn == expected.get("tn_at_0_5", counts.tn)
        assert counts.positives == expected["positives"]


def test_missing_scores_are_refused_unless_somebody_decided() -> None:
    """The default asks; a complete table passes untouched."""
    with pytest.raises(ValueError, match="missing"):
        resolve_missing([1, 0], {"m": [0.2, np.nan]}, Missing.REFUSE)
    assert resolve_missing([1, 0], {"m": [0.2, 0.3]}, Missing.REFUSE).kept.all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": [1, 0]}, "one value a case"),
        ({"patients": ("p",)}, "one value a case"),
        ({"slices": {"slice_site": ("x",)}}, "one value a case"),
        ({"cases": ("a", "a", "c", "d")}, "appear once"),
        ({"scores": {"m": [0.9, np.nan, 0.4, 0.3]}}, "missing"),
    ],
)
def test_a_table_that_contradicts_itself_cannot_be_made(changes: dict[str, Any], reason: str) -> None:
    """An object that exists is valid."""
    with pytest.raises(ValueError, match=reason):
        cohort(**changes)


def test_patients_are_clusters_only_where_one_repeats() -> None:
    """A patient column with one image each changes no figure."""
    assert cohort().clusters.tolist() == [0, 0, 1, 2]
    assert cohort(patients=("p", "q", "r", "s")).clusters is None
    assert cohort(patients=None).clusters is None
    by_patient = cohort().by_patient()
    assert by_patient.cases == ("p", "q", "r")
    assert by_patient.scores["m"].tolist() == [0.9, 0.4, 0.3]
    assert by_patient.labels.tolist() == [True, True, False]
    assert cohort(patients=None).by_patient().n == 4


def test_a_part_keeps_its_columns_together_and_numbers_cannot_be_changed() -> None:
    """Two answers about one cohort must be about the same numbers."""
    part = cohort().take([True, False, True, False])

    assert (part.cases, part.patients, part.slices["slice_site"]) == (("a", "c"), ("p", "q"), ("x", "x"))
    assert (part.positives, part.negatives, part.prevalence) == (2, 0, 1.0)
    with pytest.raises(ValueError, match="read-only"):
        part.scores["m"][0] = 1.0


def test_notes_name_single_classes_and_few_cases() -> None:
    """What a reader must know before any figure."""
    many = cohort(cases=tuple(map(str, range(30))), labels=[1, 0] * 15, scores={}, patients=None, slices={})

    assert [n.code for n in cohort().notes()] == ["few_cases"]
    assert [n.code for n in cohort(labels=[1, 1, 1, 1]).notes()] == ["single_class"]
    assert many.notes() == ()
    assert cohort(cases=(), labels=[], scores={}, patients=None, slices={}).prevalence is None


def test_a_probability_lies_in_0_to_1_ends_included() -> None:
    """Calibration, Brier score and net benefit ask this first."""
    assert in_unit_range([0.0, 1.0])
    assert not in_unit_range([0.5, 1.0000001])
