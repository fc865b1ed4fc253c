"""The cases behind the counts: each in one cell, nearest first, and a move flips exactly what it says."""

from __future__ import annotations

import math

import pytest

from core.metrics.counts import count_at
from core.workflows.sweep_cases import CELL_OF, Cell, cases_in, flips
from tests.workflows.made_up import cohort_file

COHORT = cohort_file(digits=2).cohort


@pytest.mark.parametrize("threshold", [0.0, 0.31, 0.5, 1.0, math.inf])
def test_the_cells_are_the_four_counts_and_share_no_case(threshold: float) -> None:
    """A list that is one case longer than the count above it ends all trust."""
    counts = count_at(COHORT.scores["net_a"], COHORT.labels, threshold)
    held = {cell: cases_in(COHORT, "net_a", threshold, cell) for cell in Cell}

    for short, cell in CELL_OF.items():
        assert len(held[cell]) == getattr(counts, short)
        assert all(case.became is cell for case in held[cell])
    assert len({case.id for cases in held.values() for case in cases}) == COHORT.n


def test_the_nearest_to_the_cutoff_come_first() -> None:
    """The doubtful ones are worth looking at; the clear ones are not."""
    missed = cases_in(COHORT, "net_a", 0.4, Cell.MISSED)
    alarms = cases_in(COHORT, "net_a", 0.4, Cell.FALSE_ALARM)

    assert [case.score for case in missed] == sorted((case.score for case in missed), reverse=True)
    assert [case.score for case in alarms] == sorted(case.score for case in alarms)


def test_a_move_there_and_back_flips_the_same_cases() -> None:
    """What a move wins it loses on the way back, case by case."""
    down, up = flips(COHORT, "net_a", 0.5, 0.3), flips(COHORT, "net_a", 0.3, 0.5)
    before, after = (count_at(COHORT.scores["net_a"], COHORT.labels, t) for t in (0.5, 0.3))

    assert {case.id for case in down.cases} == {case.id for case in up.cases}
    assert (down.found, down.false_alarms) == (after.tp - before.tp, after.fp - before.fp)
    assert (up.missed, up.cleared) == (down.found, down.false_alarms)
    assert f"{down.found} more found" in down.sentence
    assert "fewer false alarms" in up.sentence


def test_a_score_equal_to_the_new_cutoff_has_flipped_up() -> None:
    """At or above counts as positive, at the edge too."""
    score = float(sorted(COHORT.scores["net_a"])[100])

    moved = flips(COHORT, "net_a", math.nextafter(score, 1), score)

    assert moved.cases
    assert all(case.score == score for case in moved.cases)
    assert flips(COHORT, "net_a", score, score).sentence == "No case changed its call."
