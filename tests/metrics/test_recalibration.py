"""Logistic fits against R's glm, the isotonic map against scikit-learn, and folds that never leak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.calibration import log_loss
from core.metrics.curves import auc
from core.metrics.recalibration import (
    MapKind,
    cross_fitted,
    fit_isotonic,
    fit_isotonic_map,
    fit_map,
    fit_platt,
    fit_temperature,
    intercept_in_the_large,
    logistic_slope,
    temperature_map,
)


@pytest.fixture
def cohort(oracles: Any) -> tuple[Any, Any]:
    """(scores, labels)."""
    return oracles.cohort("calibration.csv", "probability")


def test_slope_intercept_temperature_and_platt_agree_with_r(oracles: Any, cohort: Any) -> None:
    """Estimates, standard errors and Wald ends of glm."""
    r = oracles.answers("calibration.json")["fits_by_R_glm"]
    slope, large, heat, platt = (
        logistic_slope(*cohort),
        intercept_in_the_large(*cohort),
        fit_temperature(*cohort),
        fit_platt(*cohort),
    )

    assert (slope.value, slope.se, slope.lo, slope.hi) == pytest.approx(
        (r["slope"], r["slope_se"], r["slope_lo"], r["slope_hi"]), abs=1e-6
    )
    assert (large.value, large.se, large.lo, large.hi) == pytest.approx(
        tuple(r[f"intercept_in_the_large{end}"] for end in ("", "_se", "_lo", "_hi")), abs=1e-6
    )
    assert heat.value == pytest.approx(r["temperature"], abs=1e-6)
    assert log_loss(*cohort) == pytest.approx(r["log_loss_before"], abs=1e-9)
    assert log_loss(temperature_map(heat).at(cohort[0]), cohort[1]) == pytest.approx(r["log_loss_after"], abs=1e-6)
    assert (platt.intercept, platt.slope) == pytest.approx((r["platt_intercept"], r["platt_slope"]), abs=1e-6)


def test_the_isotonic_map_agrees_with_scikit_learn_at_its_knots(oracles: Any, cohort: Any) -> None:
    """Pooling of equal scores and interpolation between knots."""
    knots = oracles.answers("calibration.json")["isotonic_knots"]
    made = fit_isotonic_map(*cohort).at([k["score"] for k in knots])

    np.testing.assert_allclose(made, [k["value"] for k in knots], atol=1e-9)


def test_fits_without_an_answer_say_why() -> None:
    """Separated classes send the slope to infinity; a falling score has no temperature."""
    apart = ([0.1, 0.2, 0.7, 0.8], [0, 0, 1, 1])
    assert logistic_slope(*apart).reason == "separated"
    assert fit_temperature(*apart).reason == "separated"
    assert not isinstance(fit_platt(*apart), str)
    falling = ([0.9, 0.8, 0.2, 0.1, 0.6, 0.4], [0, 0, 1, 1, 1, 0])
    assert fit_temperature(*falling).reason == "not_increasing"
    assert fit_temperature([0.9, 0.1], [0, 1]).reason == "not_increasing"
    assert fit_platt(*falling) == "not_increasing"
    assert fit_map(MapKind.TEMPERATURE, *falling) == "not_increasing"
    for fit in (logistic_slope, intercept_in_the_large, fit_temperature):
        assert fit([0.2, 0.4], [1, 1]).reason == "single_class"
    assert logistic_slope([0.2, 0.2], [1, 0]).reason == "constant_score"
    assert fit_platt([0.2, 0.2], [1, 0]) == "constant_score"
    weak = fit_temperature([0.6, 0.4, 0.55, 0.45], [1, 0, 0, 0])
    assert (weak.lo, weak.reason) == (None, "slope_reaches_zero")


def test_an_isotonic_map_needs_a_thousand_cases(cohort: Any) -> None:
    """On 400 cases it would follow noise."""
    assert fit_isotonic(*cohort) == "few_cases"
    assert not isinstance(fit_isotonic(np.tile(cohort[0], 3), np.tile(cohort[1], 3)), str)


def test_a_rising_map_keeps_the_area(cohort: Any) -> None:
    """Platt and temperature move probabilities and never the ranking."""
    for kind in (MapKind.PLATT, MapKind.TEMPERATURE):
        mapped = fit_map(kind, *cohort).at(cohort[0])
        assert auc(mapped, cohort[1]).value == pytest.approx(auc(*cohort).value, abs=1e-12)


def test_cross_fitting_never_shows_a_map_its_own_patient(cohort: Any) -> None:
    """Turning one patient's labels over must leave that patient's own mapped scores unchanged."""
    scores, labels = cohort
    patients = np.arange(len(scores)) // 4
    turned = np.where(patients == 7, 1 - labels, labels)

    before, after = (cross_fitted(MapKind.PLATT, scores, y, clusters=patients, seed=2) for y in (labels, turned))

    assert (before[patients == 7] == after[patients == 7]).all()
    assert not (before == after).all()
    assert cross_fitted(MapKind.ISOTONIC, scores, labels) == "few_cases"


def test_intercept_of_saturated_scores_is_found_where_newton_runs_away() -> None:
    """Scores of exactly 0 and 1 leave no curvature to step by; the answer exists all the same."""
    scores, labels = np.array([0.0, 0.0, 0.0, 1.0, 0.0]), np.array([0, 0, 1, 1, 1])

    made = intercept_in_the_large(scores, labels)

    logits = np.log(np.clip(scores, 1e-6, 1 - 1e-6) / (1 - np.clip(scores, 1e-6, 1 - 1e-6)))
    assert made.value is not None
    assert (1 / (1 + np.exp(-logits - made.value))).sum() == pytest.approx(3)
