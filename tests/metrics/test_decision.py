"""Net benefit and other prevalences against the oracle, and the worked example of the evaluation page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.bootstrap import Resampler
from core.metrics.counts import Counts
from core.metrics.decision import NetBenefitFigure, net_benefit, shift


def test_net_benefit_agrees_at_both_prevalences(oracles: Any) -> None:
    """The model, treating all, and the cohort's or a stated prevalence."""
    scores, labels = oracles.cohort("calibration.csv", "probability")
    for row in oracles.answers("calibration.json")["net_benefit"]:
        made = net_benefit(scores, labels, [row["probability_threshold"]], row["prevalence"])

        assert made.model[0] == pytest.approx(row["net_benefit"], abs=1e-9)
        assert made.treat_all[0] == pytest.approx(row["treat_all"], abs=1e-9)


def test_the_curve_can_be_resampled_point_by_point(oracles: Any) -> None:
    """A curve without an interval looks surer than it is."""
    scores, labels = oracles.cohort("calibration.csv", "probability")
    figure = NetBenefitFigure(scores, labels, [0.1, 0.5])
    made = Resampler(labels, resamples=200).estimates(figure)

    assert [e.value for e in made] == pytest.approx(net_benefit(scores, labels, [0.1, 0.5]).model.tolist())
    assert all(e.lo < e.value < e.hi for e in made)
    with pytest.raises(NotImplementedError, match="percentile"):
        figure.jackknife()


def test_other_prevalences_agree_with_the_oracle(oracles: Any) -> None:
    """PPV and NPV through likelihood-ratio limits, and people per 1,000."""
    for row in oracles.answers("proportions.json")["prevalence_shift"]:
        counts = Counts(row["tp"], row["fp"], row["positives"] - row["tp"], row["negatives"] - row["fp"])
        made = shift(counts, row["prevalence"])

        for name in ("ppv", "npv"):
            estimate = getattr(made, name)
            expected = (row[name], row[f"{name}_lo"], row[f"{name}_hi"])
            assert (estimate.value, estimate.lo, estimate.hi) == pytest.approx(expected, abs=2e-6)
        assert made.per_1000 == pytest.approx(row["per_1000"], rel=1e-9, abs=1e-9)


def test_the_worked_example_prints_what_the_page_says() -> None:
    """211 of 213 and 80 of 83 at 1 %: 21.7 % (9.0 to 44.7), 35.8 false alarms and 9.9 found per 1,000."""
    made = shift(Counts(211, 3, 2, 80), 0.01)

    assert [round(100 * v, 1) for v in (made.ppv.value, made.ppv.lo, made.ppv.hi)] == [21.7, 9.0, 44.7]
    assert round(made.per_1000["false_positives"], 1) == 35.8
    assert round(made.per_1000["true_positives"], 1) == 9.9


def test_edges_are_answered_or_refused() -> None:
    """One class, nobody called, a prevalence of 0 or 1, and one that is none."""
    assert net_benefit([0.1, 0.2], [1, 1]) is None
    assert shift(Counts(3, 0, 1, 0), 0.1).per_1000 is None
    assert shift(Counts(0, 0, 5, 5), 0.1).ppv.reason == "none_called_positive"
    for prevalence, ppv in ((0.0, 0.0), (1.0, 1.0)):
        assert shift(Counts(4, 1, 1, 4), prevalence).ppv.value == ppv
        assert shift(Counts(4, 0, 1, 5), prevalence).ppv.value == ppv
    assert np.isclose(shift(Counts(4, 1, 1, 4), 1.0).npv.value, 0.0)
    with pytest.raises(ValueError, match="0 to 1"):
        shift(Counts(1, 1, 1, 1), 1.2)
    with pytest.raises(ValueError, match="between"):
        net_benefit([0.1, 0.2], [0, 1], [1.0])
