"""Settings: the table in the documentation, and what the code reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "settings.md"
TABLE = re.compile(r"(\| variable \| default \| what \|\n\| --- \| --- \| --- \|\n)((?:\|.*\n)*)")

PLACES = {"home": "the platform's user data folder", "shelf": "`model_backups/`"}
"""Defaults that differ from machine to machine, in words."""

NOT_SETTINGS = {"READROOM_TEST_DATA"}
"""Read by tests alone; told below the table."""


def _rows() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = PLACES.get(name) or f"`{field.default}`"
        rows.append(f"| `READROOM_{name.upper()}` | {default} | {field.description} |\n")
    return "".join(rows)


def test_every_variable_is_in_the_table_with_its_default(request: pytest.FixtureRequest) -> None:
    """An undocumented limit is one that nobody can raise."""
    generated = TABLE.sub(lambda found: found[1] + _rows(), PAGE.read_text())

    if request.config.getoption("--update-goldens"):
        PAGE.write_text(generated)

    assert PAGE.read_text() == generated
    assert _rows() in PAGE.read_text()


def test_code_names_no_variable_that_is_not_in_the_table() -> None:
    """A message that says 'raise READROOM_X' must name one that exists."""
    known = {f"READROOM_{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    sources = [*REPOSITORY.glob("core/**/*.py"), *REPOSITORY.glob("pages/**/*.py"), REPOSITORY / "streamlit_app.py"]

    named = {word for path in sources for word in re.findall(r"READROOM_[A-Z_]*[A-Z]", path.read_text())}

    assert named <= known


def test_every_setting_is_read_somewhere() -> None:
    """A setting that nothing reads is a promise that nobody keeps."""
    code = "".join(path.read_text() for path in REPOSITORY.glob("core/**/*.py") if path.name != "settings.py")
    code += "".join(path.read_text() for path in REPOSITORY.glob("pages/**/*.py"))

    unread = [name for name in Settings.model_fields if not re.search(rf"\.{name}\b", code)]

    assert unread == []


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"a": 1}'])
def test_paths_that_are_no_json_table_are_a_value_out_of_range(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other wrong value: told before anything begins, and no traceback."""
    monkeypatch.setenv("READROOM_MODEL_PATHS", text)

    with pytest.raises(ValidationError, match="model_paths"):
        Settings()


def test_paths_by_name_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest acceptance."""
    monkeypatch.setenv("READROOM_MODEL_PATHS", '{"spots": "/models/spots.pth"}')

    assert Settings().model_paths == {"spots": Path("/models/spots.pth")}
