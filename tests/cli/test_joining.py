"""`ensemble` at a terminal; the measuring itself is tested with its room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import core.workflows.ensemble
from core.models import get_model

from .conftest import FILMS, Answer


def test_ensemble_that_is_there_is_kept_unless_forced(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shipped ensemble must not be overwritten by a second try."""
    out = tmp_path / "both_v1.0.0.ensemble.json"
    out.write_text("kept")
    monkeypatch.setattr(core.workflows.ensemble, "ensemble", lambda *_: get_model(FILMS))
    typed = ("ensemble", "--config", "e.json", "--data", tmp_path, "--out", out)

    kept, forced = run(*typed), run(*typed, "--force")

    assert (kept.code, forced.code) == (2, 0)
    assert f"Wrote {out}" in forced.out


def test_configuration_that_cannot_be_read_is_refused_in_words(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A mistyped file name is a mistake, not a fault."""
    answer = run(
        "ensemble", "--config", tmp_path / "absent.json", "--data", tmp_path, "--out", tmp_path / "a.ensemble.json"
    )

    assert answer.code == 1
    assert "absent.json" in answer.err
