"""One model in full: where each field of its configuration comes from, whether its file holds, and what is loaded."""

from __future__ import annotations

import json

import pytest

from core.models.catalog import get_model
from core.models.loading import load_network
from core.models.model import Model
from core.workflows.model_view import (
    STATED,
    about_rows,
    configuration_rows,
    integrity_rows,
    memory_rows,
    memory_sentence,
)
from tests.pages.tiny_shelf import CHEST, make_shelf


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return get_model(CHEST, [make_shelf(tmp_path_factory.mktemp("shelf"))])


def test_every_field_of_the_configuration_is_shown_with_its_origin(chest: Model) -> None:
    """A guessed size must be told from a stated one."""
    rows = {name: (held, origin) for name, held, origin in configuration_rows(chest)}

    assert set(type(chest.config).model_fields) - {"input"} <= set(rows)
    assert json.loads(rows["input.size"][0]) == list(chest.input.size or ())
    assert {origin for _, origin in rows.values()} == {STATED}


def test_about_says_what_it_is_not_for_and_every_limit(chest: Model) -> None:
    """The part of a card that one would rather not read."""
    said = about_rows(chest)

    assert ("Not for", chest.card.not_for) in said
    assert [text for fact, text in said if fact == "Known limit"] == list(chest.card.limits)


@pytest.mark.seeds(8)
def test_integrity_gives_both_hashes_in_full(chest: Model) -> None:
    """A shortened hash cannot be compared with another machine's."""
    rows = dict(integrity_rows(chest))

    assert rows["SHA-256 of the file"] == chest.file_sha256
    assert rows["SHA-256 of the weights"] == chest.weights_sha256
    assert rows["Checksum"].startswith("holds")


@pytest.mark.seeds(38)
def test_loaded_weights_are_named_with_their_size_and_the_budget(chest: Model) -> None:
    """Who waits for memory wants to know what holds it."""
    load_network(chest)

    held = {name: others for name, *others in memory_rows([chest])}

    device, mib, seconds = held[chest.display_name]
    assert device == "cpu"
    assert float(mib) > 1
    assert float(seconds.removesuffix(" s")) > 0
    assert "1,024 MiB" in memory_sentence()
