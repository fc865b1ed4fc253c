"""`train` at a terminal; the training itself is tested with its workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import core.workflows.train
from core.models import get_model

from .conftest import FILMS, Answer


def test_checkpoint_that_is_there_is_kept_unless_forced(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of training must not be overwritten by a second try."""
    out = tmp_path / f"{FILMS}.safetensors"
    out.write_text("kept")
    monkeypatch.setattr(core.workflows.train, "train", lambda *_: get_model(FILMS))
    typed = ("train", "--config", "recipe.json", "--data", tmp_path, "--out", out)

    kept, forced = run(*typed), run(*typed, "--force")

    assert (kept.code, forced.code) == (2, 0)
    assert f"Wrote {out}" in forced.out


def test_recipe_that_cannot_be_read_is_refused_in_words(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A mistyped file name is a mistake, not a fault."""
    answer = run("train", "--config", tmp_path / "absent.json", "--data", tmp_path, "--out", tmp_path / "m.safetensors")

    assert answer.code == 1
    assert "absent.json" in answer.err
