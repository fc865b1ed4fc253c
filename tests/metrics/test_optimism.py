"""The correction for choosing and reading on the same cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.bootstrap import Resampler
from core.metrics.counts import count_at, figures
from core.metrics.rules import choose_cost, choose_observed, choose_youden, youden


def test_youdens_optimism_agrees_with_a_plain_loop(oracles: Any) -> None:
    """What is printed on the cases that chose it is too good; the correction says by how much."""
    expected = oracles.answers("bootstrap.json")["youden_optimism"]
    scores, labels = oracles.cohort(expected["input"], expected["model"])

    made = choose_youden(scores, labels, resampler=Resampler(labels, seed=1)).optimism

    assert made.printed == pytest.approx(expected["apparent_j"], abs=1e-12)
    assert made.optimism == pytest.approx(expected["optimism"], abs=expected["tolerance"])
    assert made.corrected == pytest.approx(expected["corrected_j"], abs=expected["tolerance"])


def test_optimism_is_corrected_only_on_the_same_cases(oracles: Any) -> None:
    """Cases that did not choose the threshold are read without favour; a guarantee needs no correction."""
    scores, labels = oracles.cohort("two_models.csv")
    draws = Resampler(labels, resamples=100)

    assert choose_youden(scores, labels, chosen_on="validation.csv", resampler=draws).optimism is None
    assert choose_youden(scores, labels).optimism is None
    assert choose_cost(scores, labels, 5, 1, resampler=draws).optimism.optimism < 0  # a cost looks too low
    for rate in ("sensitivity", "specificity"):
        assert choose_observed(scores, labels, rate, 0.9, resampler=draws).optimism.figure == rate
    few = oracles.cohort("small.csv")
    assert choose_youden(*few, resampler=Resampler(few[1])).optimism is None


def test_optimism_is_choosing_again_and_looking_back() -> None:
    """The plain route: choose on each resample, read the cohort at that threshold."""
    random = np.random.default_rng(11)
    scores, labels = random.integers(0, 9, 45) / 9, np.repeat([True, False], [15, 30])
    resampler, gains = Resampler(labels, resamples=60), []
    for row in np.concatenate(list(resampler.blocks())):
        s, y = np.repeat(scores, row), np.repeat(labels, row)
        threshold = youden(s, y)[0]
        own, there = (figures(count_at(*pair, threshold))["youden_j"].value for pair in ((s, y), (scores, labels)))
        gains.append(own - there)

    made = choose_youden(scores, labels, resampler=resampler).optimism

    assert made.optimism == pytest.approx(np.mean(gains), abs=1e-12)
