"""`train` at a terminal; the training itself is tested with its workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import core.workflows.train
from core.errors import Cancelled
from core.models import get_model

from .conftest import FILMS, Answer


def test_checkpoint_that_is_there_is_kept_unless_forced(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of training must not be overwritten by a second try."""
    out = tmp_path / f"{FILMS}.safetensors"
    out.write_text("kept")
    monkeypatch.setattr(core.workflows.train, "train", lambda *_, **__: get_model(FILMS))
    typed = ("train", "--config", "recipe.json", "--data", tmp_path, "--out", out)

    kept, forced = run(*typed), run(*typed, "--force")

    assert (kept.code, forced.code) == (2, 0)
    assert f"Wrote {out}" in forced.out


def test_recipe_that_cannot_be_read_is_refused_in_words(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A mistyped file name is a mistake, not a fault."""
    answer = run("train", "--config", tmp_path / "absent.json", "--data", tmp_path, "--out", tmp_path / "m.safetensors")

    assert answer.code == 1
    assert "absent.json" in answer.err


def test_learning_alone_says_where_the_learned_file_is(
    tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the file that `--resume` takes next."""
    out = tmp_path / f"{FILMS}.safetensors"
    trained = SimpleNamespace(cases=20, seconds=61.2, inner=0.98765)
    monkeypatch.setattr(core.workflows.train, "learn", lambda *_, **__: trained)
    typed = ("train", "--config", "recipe.json", "--data", tmp_path, "--out", out)

    learned, fold = run(*typed, "--learn-only"), run(*typed, "--fold", "2/4")

    assert learned.out == f"Wrote {out.with_suffix('.learned.safetensors')}: 20 taught in 61 s\n"
    assert fold.out == "Fold 2 of 4: 20 taught, inner figure 0.9877\n"
    assert run(*typed, "--fold", "5/4").code == 1


def test_stopped_training_says_how_to_go_on(
    tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pressed Ctrl-C must not look for the file."""
    out = tmp_path / f"{FILMS}.safetensors"

    def stopped(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr(core.workflows.train, "train", stopped)

    answer = run("train", "--config", "recipe.json", "--data", tmp_path, "--out", out)

    assert answer.code == 130
    assert f"--resume {out.with_suffix('.resume.safetensors')}" in answer.err
