"""The table of all thresholds against scikit-learn row by row, and the properties any such table has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.counts import count_at
from core.metrics.curves import auc
from core.metrics.sweep import corners, rate_table, sweep

WILSON = ("sensitivity", "specificity", "ppv", "npv")


@st.composite
def cohorts(draw: Any, fewest: int = 1) -> tuple[Any, Any]:
    """Scores with many ties, infinities included now and then, and labels of either class."""
    values = st.sampled_from([-np.inf, -2.5, 0.0, 0.1, 0.1 + 1e-16, 0.3, 0.30000000000000004, 1.0, 7.0, np.inf])
    pairs = draw(st.lists(st.tuples(values, st.booleans()), min_size=fewest, max_size=30))
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], bool)


def rows_of(column: list[Any]) -> np.ndarray:
    """An oracle's column: null is NaN and "inf" is infinity."""
    return np.array([np.nan if v is None else float(v) for v in column])


@pytest.mark.parametrize(
    ("file", "model"), [("small.csv", "model_a"), ("two_models.csv", "model_a"), ("two_models.csv", "model_b")]
)
def test_every_row_agrees_with_scikit_learn_and_statsmodels(oracles: Any, file: str, model: str) -> None:
    """One confusion matrix a threshold, computed by others, is the whole truth about a sweep."""
    expected = oracles.answers("sweep.json")["cases"][f"{file}:{model}"]["table"]

    table = sweep(*oracles.cohort(file, model))
    rates = rate_table(table)

    assert table.thresholds.tolist() == rows_of(expected["threshold"]).tolist()
    for name in ("tp", "fp", "fn", "tn"):
        assert getattr(table, name).tolist() == expected[name]
    for name in rates:
        np.testing.assert_allclose(rates[name], rows_of(expected[name]), rtol=1e-10, atol=1e-10, err_msg=name)


@given(cohorts())
def test_any_threshold_is_answered_as_counting_would(cohort: tuple[Any, Any]) -> None:
    """The instrument reads the table by binary search; it must call exactly what score >= threshold calls."""
    scores, labels = cohort
    table = sweep(scores, labels)

    for threshold in [*np.unique(scores), *(np.unique(scores[np.isfinite(scores)]) + 0.05), -np.inf, np.inf, 0.5]:
        assert table.at(float(threshold)) == count_at(scores, labels, float(threshold))


@given(cohorts())
def test_counts_rise_and_end_at_everybody(cohort: tuple[Any, Any]) -> None:
    """Thresholds fall strictly, counts never fall, and the lowest score calls all."""
    scores, labels = cohort
    table = sweep(scores, labels)

    assert (np.diff(table.thresholds) < 0).all()
    assert table.thresholds[0] == np.inf
    assert (np.diff(table.tp) >= 0).all()
    assert (np.diff(table.fp) >= 0).all()
    assert (table.tp[-1], table.fp[-1]) == (labels.sum(), (~labels).sum())
    assert set(table.thresholds) == {np.inf, *scores}


@given(cohorts(), st.randoms(use_true_random=False))
def test_order_of_cases_and_rising_maps_of_scores_change_no_count(cohort: tuple[Any, Any], random: Any) -> None:
    """Only ranks matter: a file sorted otherwise, or logits for probabilities, gives the same table."""
    scores, labels = cohort
    order = list(range(len(scores)))
    random.shuffle(order)
    table, shuffled = sweep(scores, labels), sweep(scores[order], labels[order])
    ranks = np.unique(scores, return_inverse=True)[1]
    mapped = sweep(np.exp2(ranks.astype(float)), labels)

    assert shuffled.tp.tolist() == table.tp.tolist()
    assert shuffled.fp.tolist() == table.fp.tolist()
    finite = np.isfinite(scores).all()
    if finite:
        assert (mapped.tp.tolist(), mapped.fp.tolist()) == (table.tp.tolist(), table.fp.tolist())


@given(cohorts())
def test_flipping_labels_and_scores_mirrors_the_table(cohort: tuple[Any, Any]) -> None:
    """Swapping the roles of the classes must turn the ROC curve over and leave its area."""
    scores, labels = cohort
    if labels.all() or not labels.any():
        return

    assert auc(-scores, ~labels).value == pytest.approx(auc(scores, labels).value, abs=1e-12)
    assert auc(scores, ~labels).value == pytest.approx(1 - auc(scores, labels).value, abs=1e-12)


@given(cohorts())
def test_corners_lose_nothing_of_the_curve(cohort: tuple[Any, Any]) -> None:
    """A plot may omit points only on straight lines, so interpolating the kept ones gives every row back."""
    scores, labels = cohort
    if labels.all() or not labels.any():
        return
    table = sweep(scores, labels)
    kept = corners(table)

    for row in set(range(len(table.tp))) - set(kept.tolist()):
        before, after = kept[kept < row].max(), kept[kept > row].min()
        left = (table.tp[row] - table.tp[before]) * (table.fp[after] - table.fp[before])
        right = (table.tp[after] - table.tp[before]) * (table.fp[row] - table.fp[before])
        assert left == right
    assert auc(scores, labels).value == pytest.approx(
        np.trapezoid([0, *table.tp[kept]], [0, *table.fp[kept]]) / (table.positives * table.negatives), abs=1e-12
    )


def test_one_class_is_swept_and_the_other_rate_stays_undefined(oracles: Any) -> None:
    """Sensitivity can be answered from positives alone; specificity may not become 0."""
    rates = rate_table(sweep(*oracles.cohort("edge_single_class.csv")))

    assert np.isnan(rates["specificity"]).all()
    assert np.isnan(rates["specificity_lo"]).all()
    assert rates["sensitivity"][-1] == 1.0


def test_a_constant_score_offers_two_thresholds(oracles: Any) -> None:
    """Nobody or everybody: there is no third way to call cases that look alike."""
    assert sweep(*oracles.cohort("edge_constant.csv")).thresholds.tolist() == [np.inf, 0.4]
