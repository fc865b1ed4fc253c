"""A card's figures of films: one score a patient, k of n, and intervals that a second way gives too."""

from __future__ import annotations

import numpy as np
import pytest

from core.inference.gate import Familiarity
from core.metrics.calibration import calibrate
from core.metrics.clustered import cluster_proportion
from core.metrics.curves import auc
from core.metrics.intervals import wilson
from core.models.card import Metric
from core.training.asking import Scored
from core.training.dataset import Row
from core.training.evaluate import by_patient, choose_points, film_figures, is_promise


def drawn_scores(seed: int = 0, patients: int = 100) -> Scored:
    """Two films of each third patient; positives score higher."""
    rng = np.random.default_rng(seed)
    rows, scores = [], []
    for patient in range(patients):
        label = "pneumonia" if patient < 0.7 * patients else "normal"
        for film in range(2 if patient % 3 == 0 else 1):
            rows.append(Row(f"{patient}-{film}.png", label, "val", f"P{patient}"))
            scores.append(float(np.clip(rng.normal(0.7 if label == "pneumonia" else 0.3, 0.15), 0, 1)))
    return Scored(tuple(rows), tuple(f"{i:064x}" for i in range(len(rows))), scores=np.array(scores))


def one(metrics: tuple[Metric, ...], name: str, unit: str, subgroup: str = "") -> Metric:
    return next(m for m in metrics if (m.name, m.unit, m.subgroup) == (name, unit, subgroup))


def test_patient_counts_once_with_the_largest_score() -> None:
    """Two films of one patient are not two patients: intervals would be too narrow."""
    rows = (Row("a", "normal", "v", "P1"), Row("b", "pneumonia", "v", "P2"), Row("c", "normal", "v", "P1"))

    scores, labels = by_patient(Scored(rows, ("",) * 3, scores=np.array([0.2, 0.9, 0.6])), "pneumonia")

    assert scores.tolist() == [0.6, 0.9]
    assert labels.tolist() == [False, True]


@pytest.mark.seeds(9)
def test_three_points_are_of_patients_and_only_the_balanced_one_is_without_promise() -> None:
    """A promise from films of the same patients, or from a rule that gives none, would be false."""
    points = choose_points(drawn_scores(), "pneumonia", title="drawn", split="val")

    assert [(p.name, p.target, p.guaranteed) for p in points] == [
        ("screening", 0.95, True),
        ("balanced", None, False),
        ("confirmatory", 0.9, True),
    ]
    assert {point.unit for point in points} == {"patient"}
    assert {point.chosen_on for point in points} == {"val"}
    assert {(point.positives, point.negatives) for point in points} == {(70, 30)}
    assert {point.cohort for point in points} == {"drawn, val: 70 patients with pneumonia, 30 without"}
    assert [is_promise(point) for point in points] == [True, False, True]


def test_promise_that_the_cohort_is_too_small_for_is_no_point() -> None:
    """Ten negatives cannot promise a specificity of 90 %."""
    points = choose_points(drawn_scores(patients=34), "pneumonia", title="drawn", split="val")

    assert [point.name for point in points] == ["balanced"]


def test_rates_are_counted_and_their_intervals_are_wilsons() -> None:
    """Each printed rate must come from whole patients."""
    scored = drawn_scores(1)
    points = choose_points(drawn_scores(), "pneumonia", title="drawn", split="val")

    metrics = film_figures(scored, "pneumonia", points, "test")

    scores, labels = by_patient(scored, "pneumonia")
    for point in points:
        sensitivity = one(metrics, f"sensitivity at {point.name}", "patient")
        hits = sum(1 for s, positive in zip(scores, labels, strict=True) if positive and s >= point.threshold)
        assert (sensitivity.k, sensitivity.n, sensitivity.value) == (hits, 70, hits / 70)
        assert (sensitivity.lo, sensitivity.hi) == (wilson(hits, 70).lo, wilson(hits, 70).hi)


def test_area_is_told_by_patient_and_by_film_with_an_interval_that_knows_patients() -> None:
    """An interval that takes two films of one patient for two patients is too narrow."""
    scored = drawn_scores(1)

    metrics = film_figures(scored, "pneumonia", (), "test")

    by_film = auc(scored.scores, scored.positive("pneumonia"), clusters=np.array(scored.patients))
    assert (one(metrics, "auc", "patient").n, one(metrics, "auc", "patient").method) == (100, "delong_logit")
    assert (one(metrics, "auc", "film").lo, one(metrics, "auc", "film").n) == (by_film.lo, len(scored.rows))
    assert one(metrics, "auc", "film").method == "obuchowski_logit"


def test_calibration_is_that_of_the_films_with_its_bins() -> None:
    """The error alone does not say on which side the scores are, nor where."""
    scored = drawn_scores(1)
    expected = calibrate(scored.scores, scored.positive("pneumonia"))

    metrics = film_figures(scored, "pneumonia", (), "test")

    assert one(metrics, "expected calibration error", "film").value == expected.ece
    assert one(metrics, "calibration intercept", "film").value == expected.intercept.value
    assert one(metrics, "brier", "film").value == pytest.approx(expected.brier)
    shares = [m for m in metrics if m.name.startswith("bin ") and m.name.endswith("share with pneumonia")]
    assert [(m.k, m.n) for m in shares] == [(b.observed.k, b.cases) for b in expected.bins]
    assert not [m for m in film_figures(scored, "pneumonia", (), "test", bins=False) if m.name.startswith("bin ")]


def test_subgroup_has_the_same_threshold_and_no_rate_of_fewer_than_ten() -> None:
    """A threshold chosen again for a group, or a rate of four patients, would flatter or frighten."""
    scored = drawn_scores(1)
    points = choose_points(drawn_scores(), "pneumonia", title="drawn", split="val")
    part = np.array([int(row.patient[1:]) < 75 for row in scored.rows])

    metrics = film_figures(scored, "pneumonia", points, "test", {"site A": part})

    inside = [m for m in metrics if m.subgroup == "site A"]
    assert [m.name for m in inside] == [f"sensitivity at {point.name}" for point in points]
    whole = one(metrics, "sensitivity at screening", "patient")
    assert (inside[0].k, inside[0].n) == (whole.k, 70)


def test_flagged_share_counts_files_and_is_left_out_without_a_gate() -> None:
    """No gate and none flagged are two answers."""
    plain = drawn_scores(1)
    near = tuple(Familiarity(n % 10 == 0, 1.0, 2.0) for n in range(len(plain.rows)))
    gated = Scored(plain.rows, plain.hashes, near, scores=plain.scores)

    found = one(film_figures(gated, "pneumonia", (), "test"), "flagged as unfamiliar", "film")

    again = cluster_proportion([n.flagged for n in near], np.array(plain.patients))
    assert (found.k, found.n, found.lo) == (again.k, len(plain.rows), again.lo)
    assert not [m for m in film_figures(plain, "pneumonia", (), "test") if m.name.startswith("flagged")]


def test_split_of_one_class_has_rates_and_no_area() -> None:
    """Films of the sick alone say nothing of the healthy."""
    scored = drawn_scores(1)
    part = scored.where(scored.positive("pneumonia"))
    points = choose_points(drawn_scores(), "pneumonia", title="drawn", split="val")

    names = {m.name for m in film_figures(part, "pneumonia", points, "test")}

    assert names == {f"sensitivity at {point.name}" for point in points}
