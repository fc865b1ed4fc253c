"""The band that holds everywhere at once, against SciPy's exact quantiles, and its promise as a promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from core.metrics.band import band_at, kolmogorov_distance, roc_band, simultaneous_band
from core.metrics.sweep import sweep


def test_distances_are_the_exact_kolmogorov_quantiles(oracles: Any) -> None:
    """The asymptotic quantile would be too wide for small classes."""
    for row in oracles.answers("band.json")["critical_distance"]:
        assert kolmogorov_distance(row["n"], row["class_level"]) == pytest.approx(row["d"], abs=1e-8)
        assert simultaneous_band(row["n"], 50).sensitivity_distance == pytest.approx(row["d"], abs=1e-8)
        assert simultaneous_band(50, row["n"]).specificity_distance == pytest.approx(row["d"], abs=1e-8)
        assert simultaneous_band(50, row["n"]).level == pytest.approx(row["joint_level"])


@pytest.mark.parametrize("cases", [1, 2, 5, 20, 77, 213])
def test_the_distance_is_reached_with_the_stated_chance(cases: int) -> None:
    """The definition by simulation: the largest gap between true and seen share, 4,000 cohorts a size."""
    random = np.random.default_rng(cases)
    ranked = np.sort(random.random((4000, cases)), axis=1)
    steps = np.arange(cases + 1) / cases
    gaps = np.maximum(steps[1:] - ranked, ranked - steps[:-1]).max(axis=1)

    exceeded = int((gaps > kolmogorov_distance(cases, 0.9)).sum())

    assert binom.ppf(0.0005, 4000, 0.1) <= exceeded <= binom.ppf(0.9995, 4000, 0.1)


@pytest.mark.parametrize(("positives", "negatives"), [(10, 190), (20, 60), (77, 123), (150, 50)])
def test_the_promise_shown_while_dragging_is_kept_at_all_thresholds_at_once(positives: int, negatives: int) -> None:
    """Known truth, 2,000 cohorts: the lower limits are broken anywhere in no more than the stated share."""
    random, cohorts, broken = np.random.default_rng(7), 2000, 0
    labels = np.repeat([True, False], [positives, negatives])
    band = simultaneous_band(positives, negatives)
    for _ in range(cohorts):
        table = sweep(np.concatenate([random.normal(1, 1, positives), random.normal(0, 1, negatives)]), labels)
        promised_sensitivity = table.tp / positives - band.sensitivity_distance
        promised_specificity = table.tn / negatives - band.specificity_distance
        broken += bool(
            (promised_sensitivity > norm.sf(table.thresholds - 1)).any()
            or (promised_specificity > norm.cdf(table.thresholds)).any()
        )

    assert broken <= binom.ppf(0.999, cohorts, 0.05)


def test_limits_are_clipped_and_the_outline_holds_the_curve(oracles: Any) -> None:
    """A share below 0 would be nonsense on screen; the curve must lie inside its own band."""
    table = sweep(*oracles.cohort("two_models.csv"))
    band = simultaneous_band(table.positives, table.negatives)
    limits, outline = band_at(table.counts(0), band), roc_band(table, band)

    assert (limits.sensitivity_lo, limits.specificity_hi) == (0.0, 1.0)
    assert limits.sensitivity_hi == band.sensitivity_distance
    for line in (outline.fpr_upper, outline.upper, outline.fpr_lower, outline.lower):
        assert (np.diff(line) >= 0).all()
    for hit, false in zip(table.tp / table.positives, table.fp / table.negatives, strict=True):
        assert outline.upper[outline.fpr_upper <= false].max() >= hit
        assert outline.lower[outline.fpr_lower >= false].min() <= hit


def test_repeated_patients_and_single_classes_have_no_joint_band() -> None:
    """The distances count independent cases; images of one patient are not."""
    repeated, single = simultaneous_band(50, 60, repeated_patients=True), simultaneous_band(12, 0)

    assert (repeated.sensitivity_distance, repeated.reason) == (None, "repeated_patients")
    assert (single.specificity_distance, single.reason) == (None, "single_class")
    assert single.sensitivity_distance is not None
    assert roc_band(sweep([0.1, 0.4], [0, 1]), repeated) is None
