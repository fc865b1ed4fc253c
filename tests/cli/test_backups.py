"""`backup` and `restore` at the terminal: an installation comes back, and nothing is overwritten unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import settings

from .conftest import FILMS, VOLUMES, Answer


@pytest.mark.seeds(41)
def test_an_installation_comes_back_at_another_place(
    run: Callable[..., Answer], shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models and registry; the two lines that it prints are all that is to be set."""
    assert run("registry", "register", FILMS, "--reason", "measured").code == 0
    before = run("registry", "history", FILMS, "--json").out
    made = run("backup", tmp_path / "lab.zip")
    assert made.code == 0
    assert made.out.startswith("5 files, ")
    assert run("backup", tmp_path / "lab.zip").code == 2
    assert run("backup", tmp_path / "lab.zip", "--force").code == 0

    done = run("restore", tmp_path / "lab.zip", "--to", tmp_path / "new")

    assert done.code == 0
    for line in done.out.splitlines()[1:]:
        monkeypatch.setenv(*line.split("="))
    settings.cache_clear()
    assert settings().shelf == tmp_path / "new" / "shelf"
    assert [one["id"] for one in run("models", "--json").json_lines[0]] == [FILMS, VOLUMES]
    assert run("registry", "history", FILMS, "--json").out == before


def test_models_with_a_problem_are_saved_and_named(
    run: Callable[..., Answer], shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left out in silence, and nothing is vouched for."""
    path = tmp_path / "shelf" / FILMS / f"{FILMS}.safetensors"
    path.parent.mkdir(parents=True)
    content = bytearray((shelf / FILMS / path.name).read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()

    made = run("backup", tmp_path / "lab.zip")

    assert made.code == 0
    assert f"{FILMS} was saved as it is: Checksum differs" in made.err


def test_what_is_no_backup_is_refused(run: Callable[..., Answer], tmp_path: Path) -> None:
    """In three sentences, with exit code 1."""
    (tmp_path / "lab.zip").write_text("no archive")

    done = run("restore", tmp_path / "lab.zip", "--to", tmp_path / "new")

    assert done.code == 1
    assert "The backup is damaged or is none" in done.err
