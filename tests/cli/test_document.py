"""The documentation of the command line says what the command line says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from core.cli import app

from .conftest import Answer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"```text\n\$ python -m core (\w+(?: \w+)?) --help\n(.*?)```\n", re.DOTALL)


def test_help_texts_in_the_documentation_are_the_programs_own(
    run: Callable[..., Answer], request: pytest.FixtureRequest
) -> None:
    """Documentation that lags behind is worse than none."""
    written = PAGE.read_text()

    def block(found: re.Match[str]) -> str:
        help_text = run(*found[1].split(), "--help").out.strip()
        return f"```text\n$ python -m core {found[1]} --help\n{help_text}\n```\n"

    generated = BLOCK.sub(block, written)

    if request.config.getoption("--update-goldens"):
        PAGE.write_text(generated)
    assert PAGE.read_text() == generated


def test_every_command_is_documented() -> None:
    """A command that nobody can find might as well not be there."""
    documented = {found[1] for found in BLOCK.finditer(PAGE.read_text())}

    assert documented == set(_commands())


def _commands() -> Iterator[str]:
    for name, command in get_command(app).commands.items():
        yield name
        yield from (f"{name} {inner}" for inner in getattr(command, "commands", ()))
