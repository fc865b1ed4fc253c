"""Exit codes, and what a terminal sees when something goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import core.models.catalog
from core.errors import ConfigError

from .conftest import VOLUMES, Answer


def test_refusal_is_exit_code_1_in_three_sentences(run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is an answer, not a crash."""

    def refuse() -> None:
        raise ConfigError(found="Found.", why="Why.", do="Do.")

    monkeypatch.setattr(core.models.catalog, "public_list", refuse)

    answer = run("models", "--json")

    assert (answer.code, answer.out, answer.err) == (1, "", "Found. Why. Do.\n")


def test_fault_is_exit_code_3_and_leaves_types_and_places_in_the_log_without_messages(
    home: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log helps us find the fault and may hold nothing of a patient."""

    def fail() -> None:
        try:
            raise OSError("/data/Jane_Doe.dcm")
        except OSError as error:
            raise ValueError("Jane Doe") from error

    monkeypatch.setattr(core.models.catalog, "public_list", fail)

    answer = run("models", "--json")

    log = (home / "readroom.log").read_text()
    assert answer.code == 3
    assert "reference" in answer.err
    assert "ValueError at" in log
    assert "caused by OSError at" in log
    assert "Doe" not in log + answer.err
    assert "Traceback" not in answer.err


def test_log_that_cannot_be_written_hides_no_answer(
    run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full disk or a read-only home must not turn one fault into two."""
    from core.settings import settings

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("READROOM_HOME", str(tmp_path / "file" / "below"))
    settings.cache_clear()
    monkeypatch.setattr(core.models.catalog, "public_list", lambda: 1 / 0)

    answer = run("models", "--json")

    assert answer.code == 3
    assert "reference" in answer.err


def test_setting_out_of_range_is_wrong_usage_that_names_the_variable(
    run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets a variable wrongly must hear which one."""
    from core.settings import settings

    monkeypatch.setenv("READROOM_UPLOAD_MIB", "-1")
    settings.cache_clear()

    answer = run("models")

    assert answer.code == 2
    assert answer.err.startswith("READROOM_UPLOAD_MIB: ")


@pytest.mark.parametrize(
    "typed", [["nonsense"], ["inspect"], ["models", "--nonsense"], ["inspect", "a", "--volume", "x"]]
)
def test_wrong_usage_is_exit_code_2(run: Callable[..., Answer], typed: list[str]) -> None:
    """Scripts tell a mistyped command from a refused file by the code."""
    answer = run(*typed)

    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("Usage: python -m core")


def test_no_command_at_all_shows_the_help(run: Callable[..., Answer]) -> None:
    """The first thing anyone types."""
    answer = run()

    assert "predict" in answer.out + answer.err


def test_reader_that_has_seen_enough_ends_it_quietly(film: Path) -> None:
    """`| head -1` is no error."""
    paths = " ".join([str(film)] * 3)

    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m core inspect {paths} --json | head -c 1 >/dev/null"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_interrupt_from_the_terminal_ends_it_with_130_and_no_traceback(
    shelf: Path, volume: Path, tmp_path: Path
) -> None:
    """Ctrl-C is the most used key of long commands."""
    typed = ["predict", "--model", VOLUMES, *[str(volume)] * 400, "--out", str(tmp_path), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", *typed],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()

    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, err = process.communicate(timeout=60)

    assert '"case-01"' in first
    assert process.returncode == 130
    assert err.strip() == "Stopped."
    assert time.monotonic() - started < 30
