"""Each resampled figure against its plain counterpart on the drawn cases, and its values without a case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.metrics.bootstrap import Resampler
from core.metrics.counts import count_at, figures
from core.metrics.curves import partial_auc, sensitivity_at_specificity
from core.metrics.resampled import (
    AucFigure,
    AveragePrecisionFigure,
    CountsFigure,
    MeanFigure,
    PartialAucFigure,
    SensitivityAtSpecificityFigure,
)
from core.metrics.sweep import sweep


@pytest.fixture
def drawn() -> tuple[Any, Any, Any]:
    """(scores with ties, labels, weights of 30 resamples)."""
    random = np.random.default_rng(11)
    scores, labels = random.integers(0, 9, 45) / 9, np.repeat([True, False], [15, 30])
    return scores, labels, next(Resampler(labels, resamples=30).blocks())


PLAIN = {
    "auc": (lambda s, y: AucFigure(s, y), roc_auc_score),
    "average_precision": (lambda s, y: AveragePrecisionFigure(s, y), average_precision_score),
    "brier": (lambda s, y: MeanFigure((s - y) ** 2), lambda y, s: np.mean((s - y) ** 2)),
    "f1": (lambda s, y: CountsFigure(s, y, 0.5, "f1"), lambda y, s: figures(count_at(s, y, 0.5))["f1"].value),
    "mcc": (lambda s, y: CountsFigure(s, y, 0.5, "mcc"), lambda y, s: figures(count_at(s, y, 0.5))["mcc"].value),
    "ppv": (lambda s, y: CountsFigure(s, y, 0.5, "ppv"), lambda y, s: figures(count_at(s, y, 0.5))["ppv"].value),
    "partial": (
        lambda s, y: PartialAucFigure(s, y, 0.8, standard=True),
        lambda y, s: partial_auc(s, y, specificity_from=0.8).standardised,
    ),
    "at_specificity": (
        lambda s, y: SensitivityAtSpecificityFigure(s, y, 0.9),
        lambda y, s: sensitivity_at_specificity(sweep(s, y), 0.9).sensitivity,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_a_weighted_figure_is_the_plain_figure_of_the_cases_drawn(drawn: Any, name: str) -> None:
    """Weights are a faster way to the same number, never another number."""
    scores, labels, weights = drawn
    make, plain = PLAIN[name]

    made = make(scores, labels)(weights)

    for value, row in zip(made, weights, strict=True):
        assert value == pytest.approx(plain(np.repeat(labels, row), np.repeat(scores, row)), abs=1e-12)


@pytest.mark.parametrize("name", ["auc", "average_precision", "brier", "f1", "mcc"])
def test_values_without_a_case_are_those_of_the_cohort_less_that_case(drawn: Any, name: str) -> None:
    """The closed forms behind the corrected interval, against leaving each case out in turn."""
    scores, labels, _ = drawn
    make, plain = PLAIN[name]

    spared = make(scores, labels).jackknife()

    for i in range(len(scores)):
        assert spared[i] == pytest.approx(plain(np.delete(labels, i), np.delete(scores, i)), abs=1e-12)


def test_a_mean_leaves_out_cases_without_a_value() -> None:
    """An undefined Dice is no 0, in resamples as in the cohort."""
    figure = MeanFigure([1.0, np.nan, 0.5])

    assert figure(np.array([[1, 1, 1], [0, 3, 0]])).tolist()[0] == 0.75
    assert np.isnan(figure(np.array([[0, 3, 0]])))
    assert figure.jackknife().tolist() == [0.5, 0.75, 1.0]


def test_figures_with_a_percentile_interval_have_no_jackknife(drawn: Any) -> None:
    """A corrected interval for a jumping figure would be a number without meaning."""
    scores, labels, _ = drawn
    for figure in (
        SensitivityAtSpecificityFigure(scores, labels, 0.9),
        PartialAucFigure(scores, labels, 0.9, standard=False),
    ):
        with pytest.raises(NotImplementedError, match="percentile"):
            figure.jackknife()
