"""Answers on disk, one line a case: whole or absent, whatever cut the writer off."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.workspace.cohort_answers import Answers

WEIGHTS, FED = "a" * 64, "b" * 64


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """Of one model, none yet."""
    return Answers(tmp_path / "answers", WEIGHTS, FED)


def test_answers_come_back_and_the_later_of_one_case_counts(answers: Answers) -> None:
    """What was acknowledged is there afterwards."""
    answers.add("c1", {"scores": {"x": 0.1}})
    answers.add("c2", {"scores": {"x": 0.2}})
    answers.add("c1", {"scores": {"x": 0.3}})

    assert answers.load() == {"c1": {"scores": {"x": 0.3}}, "c2": {"scores": {"x": 0.2}}}


@pytest.mark.parametrize("left", range(0, 40, 3))
def test_line_that_a_power_cut_tore_is_none_and_hurts_no_other(answers: Answers, left: int) -> None:
    """Half a score must not be read, and the next one must not be glued to it."""
    answers.add("c1", {"s": 0.1})
    whole = answers.path.stat().st_size
    answers.add("c2", {"s": 0.2})
    with answers.path.open("r+b") as file:
        file.truncate(whole + min(left, answers.path.stat().st_size - whole - 2))

    answers.add("c3", {"s": 0.3})

    assert answers.load() == {"c1": {"s": 0.1}, "c3": {"s": 0.3}}


def test_every_answer_is_flushed_to_the_disk(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours of work lie in this file."""
    flushed: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(handle), real(handle)))

    answers.add("c1", {"s": 0.1})
    answers.add("c2", {"s": 0.1})

    assert len(flushed) >= 2


def test_forgetting_leaves_the_others(answers: Answers) -> None:
    """A deleted cohort takes its own answers with it."""
    for case in ("c1", "c2", "c3"):
        answers.add(case, {"s": 0.1})

    answers.forget({"c1", "c3", "c9"})
    assert list(answers.load()) == ["c2"]
    answers.forget({"c2"})

    assert answers.load() == {}
    assert not answers.path.exists()


def test_other_weights_and_other_feeding_have_answers_of_their_own(answers: Answers, tmp_path: Path) -> None:
    """An answer of another model can never be found by mistake."""
    answers.add("c1", {"s": 0.1})

    assert Answers(tmp_path / "answers", "c" * 64, FED).load() == {}
    assert Answers(tmp_path / "answers", WEIGHTS, "c" * 64).load() == {}
