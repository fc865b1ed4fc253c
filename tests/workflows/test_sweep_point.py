"""Where a cut-off came from, and what may be said of it for that: never a promise that nobody made."""

from __future__ import annotations

import math

import pytest

from core.metrics.counts import count_at
from core.metrics.operating_points import Rule
from core.workflows.documents import Method
from core.workflows.sweep_point import (
    Locked,
    address_text,
    answer_rule,
    answer_sentences,
    answer_two,
    band_sentences,
    origin,
    read_threshold,
    standing,
    start_threshold,
)
from core.workflows.thresholds import SAME_CASES, RuleAsked
from tests.workflows.made_up import cohort_file

METHOD = Method(resamples=50)


def test_a_rules_answer_stands_at_its_own_threshold_alone() -> None:
    """One score further the cut-off was found by looking, whatever rule was asked before."""
    file = cohort_file()
    answer = answer_rule(file, "net_a", RuleAsked(Rule.SENSITIVITY_GUARANTEE, 0.9), METHOD)

    there = standing(file, "net_a", answer.threshold, METHOD, answer=answer, locked=None)
    beside = standing(file, "net_a", answer.threshold + 1e-9, METHOD, answer=answer, locked=None)

    assert there.guaranteed
    assert origin(there, None) == ("chosen here by a rule that promises", "good")
    assert beside.rule is Rule.FIXED
    assert origin(beside, None) == ("chosen and reported on the same cases", "caution")


def test_a_locked_threshold_is_pre_specified_on_other_cases_only() -> None:
    """Locking does not make the cases that chose it into a test set."""
    here, elsewhere = cohort_file(seed=1), cohort_file(seed=2)
    chosen = answer_rule(here, "net_a", RuleAsked(Rule.YOUDEN), METHOD)
    locked = Locked(chosen, "net_a", "1", "cohort-01", here.sha256)

    same = standing(here, "net_a", chosen.threshold, METHOD, answer=None, locked=locked)
    other = standing(elsewhere, "net_a", chosen.threshold, METHOD, answer=None, locked=locked)

    assert same.chosen_on == SAME_CASES
    assert origin(same, locked)[1] == "caution"
    assert other.chosen_on == "cohort-01"
    assert origin(other, locked) == ("pre-specified on cohort-01, reported here", "good")
    assert other.counts == count_at(elsewhere.cohort.scores["net_a"], elsewhere.cohort.labels, chosen.threshold)


def test_rules_without_a_promise_show_their_optimism() -> None:
    """What was chosen here looks better than it is, by about this much."""
    said = " ".join(answer_sentences(answer_rule(cohort_file(), "net_a", RuleAsked(Rule.YOUDEN), METHOD)))

    assert "no promise" in said
    assert "corrected for that" in said


def test_two_thresholds_tell_the_workload_they_leave() -> None:
    """A band without its workload is half a plan."""
    band = answer_two(cohort_file(cases=800), "net_b", 0.9, 0.9, METHOD)

    said = " ".join(band_sentences(band))

    assert f"{band.referred} of {band.cases}" in said
    assert "Among the decided" in said
    few = answer_two(cohort_file(cases=30), "net_b", 0.95, 0.95, METHOD)
    assert band_sentences(few) == [few.text]


def test_a_sweep_begins_at_a_promise_where_there_is_one() -> None:
    """The first number that a reader sees should be one that may be used."""
    assert start_threshold(cohort_file(), "net_a", METHOD).guaranteed
    small = start_threshold(cohort_file(cases=12), "net_a", METHOD)
    assert small.threshold is not None
    assert not small.guaranteed
    assert start_threshold(cohort_file(cases=20, prevalence=0.0), "net_a", METHOD).threshold is not None


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ("0.25", 0.25, ""),
        ("inf", math.inf, ""),
        ("7", None, "The link asked for threshold 7, which is not between 0 and 1."),
        ("nan", None, "The link asked for threshold nan, which is not a number."),
        ("<b>", None, "The link asked for threshold <b>, which is not a number."),
    ],
)
def test_a_links_threshold_is_taken_exactly_or_refused_in_words(text: str, found: float | None, said: str) -> None:
    """A link that silently shows another cut-off is a wrong report."""
    assert read_threshold(text, cohort_file(), "net_a") == (found, said)
    if text == "7":
        assert read_threshold(text, cohort_file(logits=True), "net_a") == (7.0, "")


def test_addresses_read_back_to_the_same_number() -> None:
    """The next person must stand at the same score."""
    for number in (0.1 + 0.2, 1e-7, math.inf):
        assert float(address_text(number)) == number
