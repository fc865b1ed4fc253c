"""`shortcuts` at a terminal; the audit itself is tested with its room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import VOLUMES, Answer


def test_recipe_that_cannot_be_read_is_refused_in_words(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A mistyped file name is a mistake, not a fault."""
    answer = run("shortcuts", VOLUMES, "--config", tmp_path / "absent.json", "--data", tmp_path)

    assert answer.code == 1
    assert "absent.json" in answer.err
