"""The journal of a measurement: an answer is kept for its very question, and survives being cut off."""

from __future__ import annotations

from pathlib import Path

from core.training.journal import Journal


def test_answer_is_found_again_by_another_run(tmp_path: Path) -> None:
    """A measurement of an hour must not begin again because a machine was restarted."""
    path = tmp_path / "m.jsonl"
    Journal(path, "v1").answer(["film", "a"], lambda: {"score": 0.1 + 0.2})

    again = Journal(path, "v1").answer(["film", "a"], lambda: {"score": 9.0})

    assert again == {"score": 0.1 + 0.2}


def test_other_question_or_other_versions_are_asked_anew(tmp_path: Path) -> None:
    """An answer of other weights, of another file or of another library is not this one's."""
    path = tmp_path / "m.jsonl"
    Journal(path, "v1").answer(["film", "a"], lambda: {"score": 1})

    assert Journal(path, "v1").answer(["film", "b"], lambda: {"score": 2}) == {"score": 2}
    assert Journal(path, "v2").answer(["film", "a"], lambda: {"score": 3}) == {"score": 3}


def test_line_that_was_cut_off_is_asked_anew_and_the_others_stay(tmp_path: Path) -> None:
    """A process that is killed may leave half a line."""
    path = tmp_path / "m.jsonl"
    journal = Journal(path, "")
    journal.answer(["a"], lambda: {"score": 1})
    journal.answer(["b"], lambda: {"score": 2})
    path.write_text(path.read_text()[:-9])

    again = Journal(path, "")

    assert again.answer(["a"], lambda: {"score": 8}) == {"score": 1}
    assert again.answer(["b"], lambda: {"score": 8}) == {"score": 8}
    assert Journal(path, "").answer(["b"], lambda: {"score": 7}) == {"score": 8}


def test_journal_without_a_file_asks_once_and_a_closed_one_leaves_none(tmp_path: Path) -> None:
    """Tests and one-off measurements leave nothing behind."""
    journal = Journal()

    assert journal.answer(["a"], lambda: {"score": 1}) == journal.answer(["a"], lambda: {"score": 2})
    Journal(tmp_path / "m.jsonl").close()
    assert list(tmp_path.iterdir()) == []
