"""Summaries over cases, their intervals over patients, and agreement of volumes against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.intervals import wilson
from core.metrics.mask_summary import Draws, _medians, bland_altman, summarise_masks
from core.metrics.segmentation import compare_masks


def test_the_summary_agrees_with_the_oracle(oracles: Any) -> None:
    """Both-empty cases are left out and counted, one-empty cases are penalised, lesions are pooled."""
    answers = oracles.answers("segmentation.json")
    expected = answers["summary"]
    made = summarise_masks([compare_masks(*oracles.masks(row["file"])) for row in answers["cases"]])

    assert (made.cases, made.both_empty, made.one_empty) == (7, expected["both_empty"], expected["one_empty"])
    for name, count in expected["presence"].items():
        assert getattr(made.presence, name) == count
    assert made.dice.mean.value == pytest.approx(expected["mean_dice"], abs=1e-9)
    assert made.iou.mean.value == pytest.approx(expected["mean_iou"], abs=1e-9)
    assert made.hd95_mm.median.value == pytest.approx(expected["median_hd95_mm"], abs=1e-9)
    assert made.hd95_mm.mean.value == pytest.approx(expected["mean_hd95_mm"], rel=1e-9)
    assert made.nsd[1.0].mean.value == pytest.approx(expected["mean_nsd_1mm"], abs=1e-9)
    assert made.lesion_sensitivity.value == pytest.approx(expected["lesion_sensitivity"], abs=1e-9)
    assert made.false_positives_per_scan.value == pytest.approx(expected["false_positives_per_scan"], abs=1e-9)
    assert (made.dice.omitted, made.dice.mean.n, made.dice.mean.reason) == (1, 6, "few_cases")


def test_intervals_are_drawn_over_patients_and_hold_the_value() -> None:
    """Two scans of a patient are no two patients."""
    random = np.random.default_rng(3)
    cases = []
    for _ in range(24):
        mask = random.random((6, 7)) < 0.5
        cases.append(compare_masks(mask, mask ^ (random.random((6, 7)) < random.random() / 3), (1.0, 1.0)))
    alone = summarise_masks(cases, seed=1)
    paired = summarise_masks([c for c in cases for _ in range(3)], np.repeat(np.arange(24), 3), seed=1)

    assert alone.dice.mean.method == "percentile_cluster"
    assert alone.dice.mean.lo < alone.dice.mean.value < alone.dice.mean.hi
    assert (paired.dice.mean.lo, paired.dice.mean.hi) == (
        pytest.approx(alone.dice.mean.lo), pytest.approx(alone.dice.mean.hi),
    )  # fmt: skip
    assert alone.lesion_sensitivity.lo <= alone.lesion_sensitivity.value <= alone.lesion_sensitivity.hi


def test_a_resampled_median_is_the_median_of_the_cases_drawn() -> None:
    """The weighted shortcut against repeating the values."""
    random = np.random.default_rng(5)
    values, weights = random.random(11), random.integers(0, 3, (40, 11))

    made = _medians(values, weights.astype(float))

    np.testing.assert_allclose(made, [np.median(np.repeat(values, w)) for w in weights], atol=1e-12)


def test_agreement_of_volumes_agrees_with_r(oracles: Any) -> None:
    """Bias, limits with their own intervals, and the slope that shows error growing with volume."""
    expected = oracles.answers("bland_altman.json")
    rows = oracles.rows("volumes.csv")

    made = bland_altman([float(r["ref_ml"]) for r in rows], [float(r["pred_ml"]) for r in rows])

    assert made.n == expected["n"]
    found = {
        "bias": made.bias.value, "sd": made.sd, "lower_limit": made.lower_limit.value,
        "upper_limit": made.upper_limit.value, "bias_lo": made.bias.lo, "bias_hi": made.bias.hi,
        "limit_se": made.lower_limit.se, "lower_limit_lo": made.lower_limit.lo, "lower_limit_hi": made.lower_limit.hi,
        "upper_limit_lo": made.upper_limit.lo, "upper_limit_hi": made.upper_limit.hi,
        "proportional_slope": made.slope, "proportional_p": made.slope_p,
    }  # fmt: skip
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=1e-9, abs=1e-9), name


def test_too_few_volumes_have_no_limits_and_equal_ones_no_slope() -> None:
    """Limits of agreement from two cases would be a guess; a slope needs spread."""
    assert bland_altman([1.0, 2.0], [1.0, 2.0]) is None
    assert bland_altman([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]).slope is None
    with pytest.raises(ValueError, match="needs a case"):
        summarise_masks([])


def test_share_of_all_or_none_keeps_an_interval() -> None:
    """Every resample of ten found lesions says ten of ten; that is no certainty: Wilson's over the patients."""
    draws = Draws(np.repeat(np.arange(12), 2), 200, 0)

    every, none = draws.ratio([1] * 24, [1] * 24), draws.ratio([0] * 24, [1] * 24)

    low, high = wilson(12, 12).lo, wilson(0, 12).hi
    assert (every.lo, every.hi, every.k, every.n, every.method) == (low, 1.0, 24, 24, "wilson_cluster")
    assert (none.lo, none.hi) == (0.0, high)


def test_value_that_every_case_has_gets_no_interval_and_no_p() -> None:
    """An interval without width would claim what twelve patients cannot show."""
    draws = Draws(np.arange(12), 200, 0)

    assert draws.centre([0.5] * 12).mean.reason == "constant_values"
    difference, p = draws.difference([0.7] * 12, [0.5] * 12)
    assert (difference.lo, difference.reason, p) == (None, "constant_values", None)


def test_difference_is_that_of_a_plain_loop_over_resamples() -> None:
    """The same patients for both, drawn whole; cases that lack either figure are left out."""
    random = np.random.default_rng(8)
    codes = np.repeat(np.arange(11), 2)
    first = [*random.random(21), None]
    second = [None, *random.random(21)]
    draws = Draws(codes, 300, 4)

    made, p = draws.difference(first, second, median=True)

    held = [
        (weights, a - b) for weights, a, b in zip(draws.weights.T, first, second, strict=True) if None not in (a, b)
    ]
    drawn = [np.median(np.repeat([d for _, d in held], [w[i] for w, _ in held])) for i in range(300)]
    assert made.value == pytest.approx(np.median([d for _, d in held]))
    assert (made.lo, made.hi) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    smaller = min(sum(d <= 0 for d in drawn), sum(d >= 0 for d in drawn))
    assert p == pytest.approx(min(1, 2 * (1 + smaller) / 301))
