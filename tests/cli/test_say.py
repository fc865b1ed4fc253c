"""What reaches a terminal."""

from __future__ import annotations

from core.cli.say import printable, progress_bar


def test_control_characters_are_shown_and_not_obeyed() -> None:
    """A label of a foreign checkpoint could otherwise clear the screen or retitle the window."""
    assert printable("spot\x1b[2J\x07") == "spot\\x1b[2J\\x07"


def test_letters_of_any_script_stay() -> None:
    """Shown as text means readable too."""
    assert printable("Läsion 病変") == "Läsion 病変"


def test_progress_is_silent_where_nobody_watches(capsys) -> None:
    """A log file full of bars helps nobody."""
    with progress_bar("case-01") as report:
        report(0.5, "half")

    assert capsys.readouterr() == ("", "")
