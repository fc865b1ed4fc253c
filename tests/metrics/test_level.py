"""One level for every interval of an answer."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.stats import norm

from core.metrics.band import simultaneous_band
from core.metrics.bootstrap import Resampler
from core.metrics.intervals import Estimate, clopper_pearson, koopman_ratio, newcombe_j, wilson
from core.metrics.level import LEVEL, Z_95, at_level, level, normal_z
from core.metrics.paired import Comparison
from core.metrics.resampled import MeanFigure


def test_level_is_95_percent_until_another_is_asked_for_and_again_afterwards() -> None:
    """A forgotten level would change the next answer."""
    assert (level(), normal_z()) == (LEVEL, Z_95)
    with at_level(0.8):
        assert level() == 0.8
        assert normal_z() == pytest.approx(norm.ppf(0.9), abs=1e-12)
    assert level() == LEVEL
    with pytest.raises(ZeroDivisionError), at_level(0.5):
        raise ZeroDivisionError
    assert level() == LEVEL


def test_quantile_of_95_percent_is_the_normal_one() -> None:
    """Written down once, to the last digit."""
    assert pytest.approx(norm.ppf(0.975), abs=1e-15) == Z_95


@pytest.mark.parametrize("wanted", [0.0, 1.0, -1.0, 95.0])
def test_level_lies_between_0_and_1(wanted: float) -> None:
    """95 for 95 % is the likeliest mistake."""
    with pytest.raises(ValueError, match="between 0 and 1"), at_level(wanted):
        pass


def test_level_of_one_thread_is_not_anothers() -> None:
    """Two pages are answered at once."""
    seen: list[float] = []
    with at_level(0.8):
        other = threading.Thread(target=lambda: seen.append(level()))
        other.start()
        other.join()
    assert seen == [LEVEL]


def _width(made: Estimate) -> float:
    assert made.lo is not None
    assert made.hi is not None
    return made.hi - made.lo


def test_intervals_of_every_kind_widen_with_the_level() -> None:
    """One that did not would print 95 % under another name."""
    labels = np.arange(60) % 2 == 0
    makers = {
        "wilson": lambda: wilson(30, 50),
        "exact": lambda: clopper_pearson(30, 50),
        "j": lambda: newcombe_j(30, 50, 10, 50),
        "ratio": lambda: koopman_ratio(30, 50, 10, 50),
        "bootstrap": lambda: Resampler(labels, resamples=200).estimate(MeanFigure(np.arange(60.0))),
        "bca": lambda: Resampler(labels, resamples=200).estimate(MeanFigure(np.arange(60.0)), "bca"),
    }
    for name, make in makers.items():
        widths = []
        for wanted in (0.5, 0.8, LEVEL, 0.99):
            with at_level(wanted):
                widths.append(_width(make()))
        assert widths == sorted(widths), name
        assert len(set(widths)) == 4, name


def test_band_holds_with_the_level() -> None:
    """The promise at all thresholds at once follows too."""
    with at_level(0.8):
        narrow = simultaneous_band(77, 123)
    wide = simultaneous_band(77, 123)

    assert (narrow.level, wide.level) == (0.8, 0.95)
    assert narrow.sensitivity_distance is not None
    assert wide.sensitivity_distance is not None
    assert narrow.sensitivity_distance < wide.sensitivity_distance


def test_non_inferiority_is_declared_at_95_percent_alone() -> None:
    """A lower level would declare it more easily under the same words."""
    pair = Comparison("a", "b", "auc", Estimate(0.0, -0.01, 0.01, "delong"), 0.5, "delong")

    assert pair.with_margin(0.02).non_inferior is True
    with at_level(0.8), pytest.raises(ValueError, match="95 %"):
        pair.with_margin(0.02)
