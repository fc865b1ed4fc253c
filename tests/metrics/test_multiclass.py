"""Several classes against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.bootstrap import Resampler
from core.metrics.multiclass import multiclass


@pytest.fixture(params=["net_a", "net_b"])
def net(request: pytest.FixtureRequest, oracles: Any) -> tuple[dict[str, Any], Any, Any]:
    """(scikit-learn's answers, probabilities, true columns)."""
    expected = oracles.answers("multiclass.json")["models"][request.param]
    rows = oracles.rows("multiclass.csv")
    table = np.array([[float(r[f"{request.param}__{c}"]) for c in expected["classes"]] for r in rows])
    return expected, table, np.array([expected["classes"].index(r["label"]) for r in rows])


def test_every_figure_agrees_with_scikit_learn(net: Any) -> None:
    """Confusion, averages, one against the rest, M and R_K, from probabilities as given."""
    expected, table, true = net
    made = multiclass(table, true, expected["classes"], resampler=Resampler(true, resamples=200))

    assert [list(row) for row in made.confusion] == expected["confusion_rows_true_columns_called"]
    assert made.tied_argmax == expected["tied_argmax"]
    named = {
        "accuracy": made.accuracy, "macro_recall": made.macro_recall, "macro_f1": made.macro_f1, "mcc": made.mcc,
        "macro_auc": made.macro_auc, "micro_auc": made.micro_auc, "hand_till_macro_one_vs_one": made.hand_till,
        "macro_average_precision": made.macro_average_precision,
        "micro_average_precision": made.micro_average_precision, "brier_multiclass_sum_of_squares": made.brier,
    }  # fmt: skip
    for name, estimate in named.items():
        assert estimate.value == pytest.approx(expected[name], abs=1e-10), name
        assert estimate.lo < estimate.value < estimate.hi
    for row in made.per_class:
        recall = expected["recall"][row.name]
        assert (row.recall.k, row.recall.n) == (recall["correct"], recall["cases"])
        assert (row.recall.lo, row.recall.hi) == pytest.approx((recall["lo"], recall["hi"]), abs=1e-9)
        assert row.auc.value == pytest.approx(expected["auc_one_vs_rest"][row.name], abs=1e-10)
        assert row.average_precision.value == pytest.approx(expected["average_precision"][row.name], abs=1e-10)


def test_a_class_without_a_case_is_left_out_of_means_and_named() -> None:
    """Counting it as 0 would punish a model for what the test set lacks."""
    table = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]])
    made = multiclass(table, [0, 1, 1, 0], ["a", "b", "c"])

    assert made.present == ("a", "b")
    assert made.per_class[2].recall.reason == "class_absent"
    assert made.macro_recall.value == pytest.approx(0.75)
    assert made.accuracy.reason == "few_cases"


def test_two_classes_are_the_two_class_figures(oracles: Any) -> None:
    """One definition: with two columns M, macro AUC and AUC are the same number."""
    scores, labels = oracles.cohort("two_models.csv")
    made = multiclass(
        np.stack([1 - scores, scores], axis=1), labels, ["no", "yes"], resampler=Resampler(labels, resamples=50)
    )

    assert made.hand_till.value == pytest.approx(made.macro_auc.value, abs=1e-12)
    assert made.per_class[1].auc.value == pytest.approx(made.macro_auc.value, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "truth"), [([[0.5, 0.5]], [2]), ([[0.5, 0.4]], [0]), ([[0.5, 0.5, 0.0]], [0]), (np.zeros((0, 2)), [])]
)
def test_tables_that_do_not_fit_are_refused(table: Any, truth: Any) -> None:
    """A column too many or a row that is no distribution would shift every figure."""
    with pytest.raises(ValueError, match="class"):
        multiclass(table, truth, ["a", "b"])
