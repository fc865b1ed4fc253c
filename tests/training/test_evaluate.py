"""The card's figures: one score a patient, k of n, and intervals that a second way gives too."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics import wilson
from core.training.dataset import Row
from core.training.evaluate import (
    Drawn,
    Scored,
    by_patient,
    choose_points,
    classification_metrics,
    external_sentence,
    mean_over_patients,
    promise_sentence,
    segmentation_metrics,
)


def _scored(seed: int = 0, patients: int = 100) -> Scored:
    """Two films of each third patient; positives score higher."""
    rng = np.random.default_rng(seed)
    rows, scores = [], []
    for patient in range(patients):
        label = "pneumonia" if patient < 0.7 * patients else "normal"
        for film in range(2 if patient % 3 == 0 else 1):
            rows.append(Row(f"{patient}-{film}.png", label, "val", f"P{patient}"))
            scores.append(float(np.clip(rng.normal(0.7 if label == "pneumonia" else 0.3, 0.15), 0, 1)))
    return Scored(tuple(rows), np.array(scores), tuple(f"{i:064x}" for i in range(len(rows))))


def test_patient_counts_once_with_the_largest_score() -> None:
    """Two films of one patient are not two patients: intervals would be too narrow."""
    rows = (Row("a", "normal", "v", "P1"), Row("b", "pneumonia", "v", "P2"), Row("c", "normal", "v", "P1"))

    scores, labels = by_patient(Scored(rows, np.array([0.2, 0.9, 0.6]), ("",) * 3), "pneumonia")

    assert scores.tolist() == [0.6, 0.9]
    assert labels.tolist() == [False, True]


def test_points_are_of_patients_and_only_youden_is_without_promise() -> None:
    """A promise from films of the same patients, or from a rule that gives none, would be false."""
    points = choose_points(_scored(), "pneumonia", title="drawn", split="val")

    assert {point.unit for point in points} == {"patient"}
    assert {point.chosen_on for point in points} == {"val"}
    assert {(point.positives, point.negatives) for point in points} == {(70, 30)}
    assert [point.name for point in points if not point.guaranteed] == ["Youden"]
    assert points[0].guaranteed
    assert (points[0].target, points[0].confidence) == (0.95, 0.95)


def test_rates_are_counted_and_their_intervals_are_wilsons() -> None:
    """Each printed rate must come from whole patients."""
    scored = _scored(1)
    points = choose_points(_scored(), "pneumonia", title="drawn", split="val")

    metrics = classification_metrics(scored, "pneumonia", points, "test")

    scores, labels = by_patient(scored, "pneumonia")
    for point in points:
        sensitivity = next(m for m in metrics if m.name == f"sensitivity at {point.name}")
        hits = sum(1 for s, positive in zip(scores, labels, strict=True) if positive and s >= point.threshold)
        assert (sensitivity.k, sensitivity.n, sensitivity.value) == (hits, 70, hits / 70)
        assert (sensitivity.lo, sensitivity.hi) == (wilson(hits, 70).lo, wilson(hits, 70).hi)
    areas = {m.unit: m for m in metrics if m.name == "auc"}
    assert areas["patient"].n == 100
    assert areas["patient"].method == "delong_logit"
    assert areas["film"].lo is None


def test_mean_over_patients_agrees_with_a_loop() -> None:
    """The vectorised bootstrap is the slow one, done at once."""
    rng = np.random.default_rng(4)
    values, patients = rng.uniform(0.7, 0.95, 40), [f"P{n // 2}" for n in range(40)]

    mean, lo, hi = mean_over_patients(values, patients, seed=9)

    names = sorted(set(patients))
    draws = np.random.default_rng(9).integers(0, 20, (2000, 20))
    groups = [[v for v, p in zip(values, patients, strict=True) if p == name] for name in names]
    means = [np.mean([v for at in draw for v in groups[at]]) for draw in draws]
    assert mean == pytest.approx(values.mean())
    assert (lo, hi) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert mean_over_patients(values[:1], ["P"], seed=0)[1:] == (None, None)


def test_empty_pair_is_left_out_and_not_counted_as_one() -> None:
    """Dice of nothing against nothing is undefined."""
    rows = tuple(Row(f"{n}", f"l{n}", "test", f"P{n}") for n in range(3))
    drawn = Drawn(rows, np.array([[0.8, np.nan], [0.6, np.nan], [0.7, np.nan]]), ("",) * 3)

    metrics = segmentation_metrics(drawn, ("front", "back"), "test")

    assert [(m.name, round(m.value, 3), m.n) for m in metrics] == [
        ("dice front", 0.7, 3),
        ("lowest dice front", 0.6, 3),
        ("highest dice front", 0.8, 3),
    ]


def test_card_says_in_words_what_did_not_carry_over() -> None:
    """A figure among forty is overlooked; the sentence is not."""
    points = choose_points(_scored(), "pneumonia", title="drawn", split="val")
    upside = _scored(2)
    flipped = Scored(upside.rows, 1 - upside.scores, upside.hashes)

    metrics = {"adults": classification_metrics(flipped, "pneumonia", points, "adults")}

    assert "not shown to be better than chance" in (external_sentence(metrics["adults"], "adults") or "")
    assert "missed" in (promise_sentence(points[0], metrics) or "")
    assert promise_sentence(next(p for p in points if not p.guaranteed), metrics) is None
