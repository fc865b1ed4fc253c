"""Calibration as read off the scores, against scikit-learn, NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.calibration import (
    bin_free,
    brier,
    calibrate,
    expected_error,
    largest_gap,
    log_loss,
    murphy,
    reliability_bins,
)

PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40)


@pytest.fixture
def cohort(oracles: Any) -> tuple[Any, Any]:
    """(scores, labels)."""
    return oracles.cohort("calibration.csv", "probability")


def test_bins_and_their_errors_agree(oracles: Any, cohort: Any) -> None:
    """Equal-mass bins by midrank, each with Wilson; ECE and the largest gap over them."""
    expected = oracles.answers("calibration.json")
    bins = reliability_bins(*cohort)

    assert len(bins) == len(expected["bins"])
    for made, row in zip(bins, expected["bins"], strict=True):
        assert (made.bin, made.cases) == (row["bin"], row["cases"])
        found = (made.mean_score, made.observed.value, made.observed.lo, made.observed.hi)
        assert found == pytest.approx(
            (row["mean_score"], row["observed"], row["observed_lo"], row["observed_hi"]), abs=1e-9
        )
    assert expected_error(bins) == pytest.approx(expected["ece_10_equal_mass"], abs=1e-9)
    assert largest_gap(bins) == pytest.approx(expected["mce_10_equal_mass"], abs=1e-9)


def test_the_brier_score_and_its_parts_agree(oracles: Any, cohort: Any) -> None:
    """Over bins with the remainder, and without bins against the isotonic fit."""
    expected = oracles.answers("calibration.json")
    parts, free = murphy(*cohort), bin_free(*cohort)

    assert brier(*cohort) == pytest.approx(expected["brier"], abs=1e-9)
    assert log_loss(*cohort) == pytest.approx(expected["log_loss"], abs=1e-9)
    for name, value in expected["murphy"].items():
        assert getattr(parts, name) == pytest.approx(value, abs=1e-9)
    for name, value in expected["corp"].items():
        assert getattr(free, name) == pytest.approx(value, abs=1e-9)


def test_brier_scores_of_the_sweep_agree_with_scikit_learn(oracles: Any) -> None:
    """The figure printed beside the curves."""
    for model in ("model_a", "model_b", "model_c"):
        expected = oracles.answers("sweep.json")["cases"][f"two_models.csv:{model}"]["brier"]
        assert brier(*oracles.cohort("two_models.csv", model)) == pytest.approx(expected, abs=1e-10)


@given(PAIRS)
def test_parts_add_up_and_equal_scores_share_a_bin(pairs: list[tuple[float, bool]]) -> None:
    """The sums are exact by construction, and a tie is never torn apart."""
    scores, labels = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    parts, free, bins = murphy(scores, labels), bin_free(scores, labels), reliability_bins(scores, labels)
    total = brier(scores, labels)

    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within_bin == pytest.approx(total)
    assert free.miscalibration - free.discrimination + free.uncertainty == pytest.approx(total)
    assert free.miscalibration >= -1e-12
    assert free.discrimination >= -1e-12
    assert sum(b.cases for b in bins) == len(scores)
    assert len(bins) <= len(set(scores.tolist()))


def test_one_answer_holds_all_and_counts_what_was_clipped() -> None:
    """A logit of 0 or 1 does not exist; how many were moved is told."""
    made = calibrate([0.0, 0.2, 0.9, 1.0, 0.4], [0, 1, 1, 1, 0])

    assert made.clipped == 2
    assert made.slope.value is not None
    assert made.ece == expected_error(made.bins)


def test_scores_that_are_no_probabilities_are_refused() -> None:
    """A logit fed in as a probability would calibrate to nonsense."""
    for scores in ([1.2, 0.3], [-0.1, 0.3], [np.inf, 0.2]):
        with pytest.raises(ValueError, match="0 to 1"):
            brier(scores, [0, 1])
    with pytest.raises(ValueError, match="0 to 1"):
        calibrate([], [])
