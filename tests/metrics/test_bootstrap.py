"""Resampled intervals against SciPy's long runs, and the resamples themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from core.metrics import bootstrap as bootstrap_module
from core.metrics.bootstrap import Resampler
from core.metrics.clustered import obuchowski
from core.metrics.resampled import AucFigure, AveragePrecisionFigure, MeanFigure, SensitivityAtSpecificityFigure

TWO_MODELS = "two_models.csv"


def test_intervals_agree_with_scipys_long_runs(oracles: Any) -> None:
    """Percentile and corrected ends of area, average precision and Brier score, within a run's own jitter."""
    for row in oracles.answers("bootstrap.json")["answers"]:
        if row["metric"] not in ("auc", "average_precision", "brier"):
            continue
        scores, labels = oracles.cohort(row["input"], row["model"])
        figure = {
            "auc": AucFigure(scores, labels),
            "average_precision": AveragePrecisionFigure(scores, labels),
            "brier": MeanFigure((scores - labels) ** 2),
        }[row["metric"]]
        resampler = Resampler(labels, seed=1)

        plain, corrected = resampler.estimate(figure), resampler.estimate(figure, "bca")

        assert plain.value == pytest.approx(row["value"], abs=1e-12)
        assert (plain.lo, plain.hi) == pytest.approx((row["percentile_lo"], row["percentile_hi"]), abs=row["tolerance"])
        assert (corrected.lo, corrected.hi) == pytest.approx((row["bca_lo"], row["bca_hi"]), abs=row["tolerance"])
        assert plain.se == pytest.approx(row["se"], rel=0.06)
        assert (plain.method, corrected.method) == ("percentile_stratified", "bca_stratified")


def test_differences_use_the_same_resample_for_both_models(oracles: Any) -> None:
    """Drawing the models apart would lose what they share and widen the interval."""
    figures = {"auc_difference": AucFigure, "average_precision_difference": AveragePrecisionFigure}
    rows = [r for r in oracles.answers("bootstrap.json")["answers"] if r["metric"] in figures]
    assert len(rows) == 2
    for row in rows:
        a, labels = oracles.cohort(row["input"], row["a"])
        b, _ = oracles.cohort(row["input"], row["b"])
        make = figures[row["metric"]]

        made = Resampler(labels, seed=2).compare("a", "b", "auc", make(a, labels), make(b, labels))

        assert made.difference.value == pytest.approx(row["value"], abs=1e-12)
        limits = (row["percentile_lo"], row["percentile_hi"])
        assert (made.difference.lo, made.difference.hi) == pytest.approx(limits, abs=row["tolerance"])
        assert made.difference.se == pytest.approx(row["se"], rel=0.06)
        assert 0 < made.p < 0.1
        assert made.test == "bootstrap_stratified"


def test_a_threshold_is_chosen_again_in_each_resample(oracles: Any) -> None:
    """Keeping the cohort's threshold would make sensitivity at a specificity look surer than it is."""
    row = oracles.answers("bootstrap.json")["answers"][-1]
    assert row["metric"] == "sensitivity_at_specificity_0.90"
    scores, labels = oracles.cohort(row["input"], row["model"])

    made = Resampler(labels, seed=3).estimate(SensitivityAtSpecificityFigure(scores, labels, 0.9))

    assert made.value == pytest.approx(row["value"], abs=1e-12)
    assert (made.lo, made.hi) == pytest.approx((row["percentile_lo"], row["percentile_hi"]), abs=row["tolerance"])


def test_patients_are_drawn_whole(oracles: Any) -> None:
    """The error over patients agrees with the long run and with Obuchowski's formula, not with images drawn alone."""
    expected = oracles.answers("clustered.json")["cluster_bootstrap_4000"]
    scores, labels = oracles.cohort("clustered.csv")
    patients = [row["patient_id"] for row in oracles.rows("clustered.csv")]

    made = Resampler(labels, patients, seed=4).estimate(AucFigure(scores, labels), "bca")

    assert made.method == "percentile_cluster"
    assert (made.lo, made.hi) == pytest.approx(
        (expected["percentile_lo"], expected["percentile_hi"]), abs=expected["tolerance"]
    )
    assert made.se == pytest.approx(float(obuchowski(scores, labels, patients).se[0]), rel=0.08)


def test_classes_keep_their_size_and_patients_their_images() -> None:
    """A stratified resample has as many positives as the cohort; a patient's images come together."""
    labels = np.repeat([True, False], [12, 30])
    inside = next(Resampler(labels, resamples=50).blocks())
    patients = np.tile(np.arange(14), 3)
    whole = next(Resampler(labels, patients, resamples=50).blocks())

    assert (inside[:, labels].sum(axis=1) == 12).all()
    assert (inside.sum(axis=1) == 42).all()
    assert (whole[:, :14] == whole[:, 14:28]).all()
    assert (whole[:, :14].sum(axis=1) == 14).all()


def test_a_draw_without_both_classes_is_drawn_again_and_counted() -> None:
    """Dropping such draws silently would hide how thin the cohort is; keeping them has no area."""
    labels = np.repeat([True, False], [10, 40])
    patients = np.concatenate([np.zeros(10), np.arange(1, 41) // 2 + 1]).astype(int)
    resampler = Resampler(labels, patients, resamples=300)

    made = resampler.estimate(AucFigure(np.arange(50.0), labels))

    assert made.method == "percentile_cluster"
    assert resampler.redrawn > 50


def test_every_pass_and_every_block_size_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two figures of one answer must come from the same resamples, and memory may not change a number."""
    labels = np.repeat([True, False], [12, 13])
    resampler = Resampler(labels, resamples=64, seed=5)
    once = np.concatenate(list(resampler.blocks()))

    assert (np.concatenate(list(resampler.blocks())) == once).all()
    monkeypatch.setattr(bootstrap_module, "BLOCK_WEIGHTS", 25 * 7)
    assert (np.concatenate(list(resampler.blocks())) == once).all()
    assert not (np.concatenate(list(Resampler(labels, resamples=64, seed=6).blocks())) == once).all()


def test_few_cases_and_single_classes_get_no_resampled_interval(oracles: Any) -> None:
    """Nine positives cannot stand for the tails of a population."""
    scores, labels = oracles.cohort("edge_few.csv")
    few = Resampler(labels).estimate(AucFigure(scores, labels), "bca")
    assert (few.value, few.lo, few.reason) == (pytest.approx(0.9), None, "few_cases")

    scores, labels = oracles.cohort("edge_single_class.csv")
    single = Resampler(labels)
    assert single.estimate(AucFigure(scores, labels)).value is None
    brier = single.estimate(MeanFigure((scores - labels) ** 2), "bca")
    assert brier.value == pytest.approx(oracles.answers("edge.json")["single_class"]["brier"], abs=1e-10)
    assert (brier.lo, brier.reason) == (None, "single_class")
    made = single.compare("a", "b", "auc", AucFigure(scores, labels), AucFigure(scores, labels))
    assert (made.p, made.difference.value) == (None, None)


def test_the_corrected_interval_of_a_mean_agrees_with_scipy_on_the_same_sample() -> None:
    """SciPy's own implementation, one class only in effect: the value is constant in the other."""
    random = np.random.default_rng(8)
    values, labels = np.append(random.exponential(size=40), np.zeros(40)), np.repeat([True, False], 40)
    expected = bootstrap((values[:40],), np.mean, n_resamples=8000, rng=np.random.default_rng(1)).confidence_interval

    made = Resampler(labels, resamples=8000).estimate(MeanFigure(values), "bca")

    assert (2 * made.lo, 2 * made.hi) == pytest.approx((expected.low, expected.high), abs=0.02)
