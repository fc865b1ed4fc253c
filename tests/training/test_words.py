"""What the card says in words: another population, promises kept and broken, scores that are off."""

from __future__ import annotations

import numpy as np

from core.models.card import Metric
from core.training.asking import Scored
from core.training.evaluate import choose_points, film_figures
from core.training.words import (
    calibration_sentence,
    external_sentence,
    missing_point_sentence,
    promise_sentence,
    verdict,
)
from tests.training.test_evaluate import drawn_scores


def flipped(seed: int) -> Scored:
    upside = drawn_scores(seed)
    return Scored(upside.rows, upside.hashes, scores=1 - upside.scores)


def test_card_says_in_words_what_did_not_carry_over() -> None:
    """A figure among forty is overlooked; the sentence is not."""
    points = choose_points(drawn_scores(), "pneumonia", title="drawn", split="val")
    metrics = {"adults": film_figures(flipped(2), "pneumonia", points, "adults")}

    assert "not shown to be better than chance" in (external_sentence(metrics["adults"], "adults") or "")
    assert "broken" in (promise_sentence(points[0], metrics) or "")
    assert promise_sentence(next(p for p in points if not p.guaranteed), metrics) is None


def test_miss_that_chance_explains_is_not_called_broken() -> None:
    """Nine of ten where 95 % were promised proves nothing."""
    few = Metric(name="sensitivity at screening", value=0.9, lo=0.6, hi=0.98, k=9, n=10)
    many = Metric(name="sensitivity at screening", value=0.9, lo=0.88, hi=0.92, k=900, n=1000)

    assert verdict(few, 0.95) == "missed, within what chance may do"
    assert verdict(many, 0.95) == "broken"
    assert verdict(few, 0.9) == "kept"


def test_calibration_is_told_with_what_would_mend_it() -> None:
    """An error without a direction cannot be acted on."""
    low = drawn_scores(1)
    low = Scored(low.rows, low.hashes, scores=low.scores * 0.5)

    said = calibration_sentence(film_figures(low, "pneumonia", (), "official"), "official") or ""

    assert said.startswith("On official the expected calibration error is 0.")
    assert "too low" in said
    assert "Adding +" in said
    assert calibration_sentence((), "official") is None


def test_points_that_could_not_be_given_are_named() -> None:
    """A point that is silently absent looks like an oversight."""
    points = choose_points(drawn_scores(patients=34), "pneumonia", title="drawn", split="val")

    said = missing_point_sentence(("screening", "balanced", "confirmatory"), points)

    assert said == "No screening and no confirmatory point: its cohort is too small for the promise."
    assert missing_point_sentence(("balanced",), points) is None
    assert np.isfinite([point.threshold for point in points]).all()
