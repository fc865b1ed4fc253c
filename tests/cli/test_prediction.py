"""`predict` as a terminal sees it: usage, exit codes, files."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from core.workflows.outputs import DICOM_SEG, ENDS

from .conftest import FILMS, VOLUMES, Answer


def test_result_files_are_written_under_neutral_names_and_listed(
    shelf: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """What is told as written must be there, and no name of the input may be in it."""
    answer = run("predict", "--model", VOLUMES, volume, "--out", tmp_path, "--json")

    (found,) = answer.json_lines
    assert answer.code == 0
    assert sorted(found["outputs"]) == sorted(str(path) for path in tmp_path.iterdir())
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"case-01_{end}" for end in set(ENDS) - {DICOM_SEG.end}}


def test_command_in_the_result_repeats_what_was_typed(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """The result file must say how to get it again, with nothing found inside a file in it."""
    import json

    typed = ["predict", "--model", FILMS, str(film), "--out", str(tmp_path / "a b"), "--threshold", "0.25"]

    run(*typed)

    kept = json.loads((tmp_path / "a b" / "case-01_result.json").read_text())
    assert kept["command"] == shlex.join(["python", "-m", "core", *typed])


@pytest.mark.parametrize("threshold", ["-0.1", "1.5", "nan", "high"])
def test_threshold_that_is_no_share_is_wrong_usage(
    shelf: Path, film: Path, tmp_path: Path, threshold: str, run: Callable[..., Answer]
) -> None:
    """A threshold outside 0..1 would call every case the same."""
    answer = run("predict", "--model", FILMS, film, "--out", tmp_path / "out", "--threshold", threshold)

    assert answer.code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("threshold", ["0", "1"])
def test_threshold_at_either_end_is_taken(
    shelf: Path, film: Path, tmp_path: Path, threshold: str, run: Callable[..., Answer]
) -> None:
    """0 and 1 are the ends of the range and legal."""
    answer = run("predict", "--model", FILMS, film, "--out", tmp_path, "--threshold", threshold, "--json")

    assert answer.code == 0
    assert answer.json_lines[0]["thresholds"] == {"=finding": float(threshold)}
    assert answer.json_lines[0]["verdicts"]["=finding"] == ("above" if threshold == "0" else "below")


def test_files_that_are_there_are_kept_unless_forced(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """An earlier result may be the only copy; and with --force no part of it may lie beside the new one."""
    first = run("predict", "--model", VOLUMES, volume, "--out", tmp_path)
    kept = (tmp_path / "case-01_result.json").read_bytes()

    again = run("predict", "--model", FILMS, film, "--out", tmp_path)
    unchanged = (tmp_path / "case-01_result.json").read_bytes() == kept
    forced = run("predict", "--model", FILMS, film, "--out", tmp_path, "--force")

    assert (first.code, again.code, forced.code) == (0, 2, 0)
    assert unchanged
    assert "--force" in again.err
    assert not (tmp_path / "case-01_dseg.nii.gz").exists()


def test_unknown_model_is_wrong_usage_and_lists_the_known(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """Who mistypes an id wants the right one."""
    answer = run("predict", "--model", "no_such_v1.0.0", film, "--out", tmp_path)

    assert answer.code == 2
    assert FILMS in answer.err


def test_option_without_use_for_this_model_is_said(
    shelf: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """An option that silently does nothing misleads; one that stops a batch of models annoys."""
    answer = run("predict", "--model", VOLUMES, volume, "--out", tmp_path, "--explain", "--threshold", "0.2")

    assert answer.code == 0
    assert "nothing to explain" in answer.err
    assert "changes nothing" in answer.err
