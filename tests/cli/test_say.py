"""What reaches a terminal."""

from __future__ import annotations

import os
import subprocess

import pytest

from core.cli.say import printable, progress_bar, shell_line


def test_control_characters_are_shown_and_not_obeyed() -> None:
    """A label of a foreign checkpoint could otherwise clear the screen or retitle the window."""
    assert printable("spot\x1b[2J\x07") == "spot\\x1b[2J\\x07"


def test_letters_of_any_script_stay() -> None:
    """Shown as text means readable too."""
    assert printable("Läsion 病変") == "Läsion 病変"


@pytest.mark.parametrize(
    "name", [b"plain.png", b"two words.png", b"it's $HOME.png", b"\xff\x1b[2J'\\.png", "Läsion.png".encode()]
)
def test_shell_takes_the_line_apart_into_the_very_bytes(name: bytes) -> None:
    """The command in a result must be one that can be typed, whatever the file is called."""
    line = shell_line(["printf", "%s", os.fsdecode(name)])

    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)

    line.encode()
    assert line.isprintable()
    assert done.stdout == name


def test_progress_is_silent_where_nobody_watches(capsys) -> None:
    """A log file full of bars helps nobody."""
    with progress_bar("case-01") as report:
        report(0.5, "half")

    assert capsys.readouterr() == ("", "")
