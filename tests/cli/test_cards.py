"""`card` at a terminal; the pages themselves are tested with their workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.models import get_model
from core.workflows.model_cards import card_page

from .conftest import FILMS, VOLUMES, Answer


def test_card_of_a_model_is_printed_as_it_is_written(shelf: Path, run: Callable[..., Answer]) -> None:
    """What can be read here can be saved and compared."""
    answer = run("card", FILMS)

    assert answer.code == 0
    assert answer.out == card_page(get_model(FILMS))


def test_without_a_name_every_card_of_the_shelf_is_printed(shelf: Path, run: Callable[..., Answer]) -> None:
    """The shelf is small enough to be read."""
    answer = run("card")

    assert f"| id | `{FILMS}` |" in answer.out
    assert f"| id | `{VOLUMES}` |" in answer.out


def test_write_takes_no_name_and_an_unknown_model_is_told(shelf: Path, run: Callable[..., Answer]) -> None:
    """One page written alone would leave the README behind."""
    assert run("card", FILMS, "--write").code == 2
    assert run("card", "nobody_v1.0.0").code == 1
    assert not list(shelf.glob("*.md"))
