"""Arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.arguments import id_or_column
from core.errors import RegistryError

from .conftest import FILMS, Answer


@pytest.fixture
def screening(shelf: Path, run: Callable[..., Answer]) -> str:
    """The address of a version that answers under an alias."""
    run("registry", "register", FILMS)
    run("registry", "alias", FILMS, "screening", "--reason", "the only one")
    return "models:/tiny_films@screening"


def test_address_becomes_the_id_wherever_a_column_is_named_after_a_model(screening: str) -> None:
    """sweep, compare and evaluate name columns, and of images models: an address is a model there too."""
    assert id_or_column(screening) == FILMS
    assert id_or_column(f"{screening}__=finding") == f"{FILMS}__=finding"
    assert id_or_column("models:/tiny_films/0.1.0") == FILMS
    for column in (None, "score", "models", FILMS):
        assert id_or_column(column) == column
    with pytest.raises(RegistryError, match="answers under 'champion'"):
        id_or_column("models:/tiny_films@champion")


@pytest.mark.parametrize("command", ["sweep", "evaluate", "compare"])
def test_commands_about_scores_take_addresses(
    screening: str, run: Callable[..., Answer], tmp_path: Path, command: str
) -> None:
    """The column of a file is called after the model that made it."""
    scores = "".join(f"{n},{n % 2},{(n % 7) / 7},{(n % 5) / 5}\n" for n in range(40))
    (tmp_path / "scores.csv").write_text(f"case_id,label,{FILMS},other\n{scores}")
    named = {"compare": ["--models", f"{screening},other"]}.get(command, ["--model", screening])

    done = run(command, tmp_path / "scores.csv", *named, "--threshold", "0.5", "--resamples", "100", "--json")

    assert done.code == 0, done.err
    assert FILMS in done.out
