"""A model's way through the stages as rows: the next stage first, and events with their hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import settings
from core.workflows.lifecycle_view import audit_shelf_rows, check_rows, history_rows, next_stages
from core.workflows.registry import UNREGISTERED, change_stage, register
from tests.pages.tiny_shelf import CHEST, make_shelf


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READROOM_SHELF", str(make_shelf(tmp_path)))
    settings.cache_clear()
    return tmp_path


def test_the_next_stage_up_is_offered_first() -> None:
    """What one usually wants; the way down and out comes after it."""
    assert next_stages("Testing") == ["Staging", "Production", "Retirement", "Development"]
    assert next_stages("Retirement")[0] == "Development"
    assert next_stages(UNREGISTERED) == []


@pytest.mark.seeds(24)
def test_every_check_of_the_gate_is_a_row_with_what_was_found(shelf: Path) -> None:
    """A plain no would be argued with."""
    register(CHEST, "a start", "ana")

    rows = {name: (holds, said) for name, holds, said in check_rows(CHEST, "Production", "")}

    assert rows["reviewer"] == ("no", "Nobody is named who reviewed it.")
    assert rows["hash verified"][0] == "yes"
    assert rows["card complete"][0] == "no"


@pytest.mark.seeds(22)
def test_history_is_newest_first_with_who_why_and_the_hashes(shelf: Path) -> None:
    """What an audit asks: when, who, what, why, and of which bytes."""
    register(CHEST, "a start", "ana")
    change_stage(CHEST, "Testing", "looked at twenty films", "bo")

    newest, oldest = history_rows(CHEST)

    assert newest[1:4] == ("bo", "stage changed: Development to Testing", "looked at twenty films")
    assert oldest[1] == "ana"
    assert oldest[4] == "–"
    assert oldest[5] == newest[5] != "–"


def test_an_audit_without_findings_says_how_many_files_it_read(shelf: Path) -> None:
    """Silence could also mean that nothing was looked at."""
    said, _ = audit_shelf_rows()

    assert "0 wrong" in said
    assert not said.startswith("0 files")
