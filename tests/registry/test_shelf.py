"""Registered versions beside S5's records, and the log's form."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from core.errors import RegistryError
from core.models.catalog import read_model
from core.models.model import Model
from core.registry import ModelService
from core.registry.event import GENESIS, Event, line_sha256
from core.registry.ledger import Ledger
from core.registry.shelf import Shelf
from core.registry.stages import Stage
from core.settings import SHELF

NAME = "chest_pneumonia_mobilenet_v3_large_v1.0.0"


@cache
def shipped() -> Model:
    """A classifier of ours, as it is shipped."""
    return read_model(SHELF / NAME / f"{NAME}.safetensors")


@pytest.mark.seeds(22)
def test_registered_version_is_a_record_of_the_data_set_shelf() -> None:
    """One list for both: filters, pages and pins work on it."""
    Shelf("Ada").register(shipped(), "first")

    (record,), _, total = ModelService().get_models("shelf")
    pinned = ModelService("Ada").pin_model("shelf", NAME)

    assert (record.id, record.name, record.baseline_model) == (NAME, shipped().display_name, "mobilenet_v3_large")
    assert record.model_content is not None
    assert record.model_content.id == shipped().file_sha256
    assert record.created_by == "Ada"
    assert total == 1
    assert pinned.is_pinned
    assert Shelf().pins() == {NAME}


@pytest.mark.seeds(20, 24)
def test_shipped_model_reaches_production_step_by_step() -> None:
    """The whole way, with another person's review at its end."""
    shelf = Shelf("Ada")
    shelf.register(shipped(), "first")
    for stage in (Stage.TESTING, Stage.STAGING):
        shelf.change_stage(NAME, shipped(), stage, "next")

    with pytest.raises(RegistryError, match="Ada registered it and cannot be the one who reviews it"):
        shelf.change_stage(NAME, shipped(), Stage.PRODUCTION, "good", "Ada")
    held = shelf.change_stage(NAME, shipped(), Stage.PRODUCTION, "good", "Grace")

    assert held.stage is Stage.PRODUCTION
    assert shelf.history(NAME)[-1].data["reviewer"] == "Grace"


@pytest.mark.seeds(22)
def test_each_line_says_who_when_what_and_names_the_line_before() -> None:
    """The log is read by people and programs of later years: its form is told here."""
    shelf = Shelf("Ada")
    shelf.register(shipped(), "first")
    shelf.change_stage(NAME, shipped(), Stage.TESTING, "next")

    first, second = Ledger().log.path.read_bytes().splitlines(keepends=True)

    plain = json.loads(second)
    assert set(plain) == {"seq", "when", "who", "what", "subject", "before", "after", "reason", "data", "prev"}
    assert (plain["seq"], plain["who"], plain["what"]) == (2, "Ada", "stage changed")
    assert plain["before"] == plain["after"] == shipped().file_sha256
    assert plain["when"].endswith("+00:00")
    assert (json.loads(first)["prev"], plain["prev"]) == (GENESIS, line_sha256(first))
    assert Event.of_line(second).line() == second


def test_registration_is_refused_for_an_id_that_a_record_has() -> None:
    """Two histories under one id could not be told apart."""
    ModelService().create_model("d", "m", model_id=NAME)

    with pytest.raises(RegistryError, match="belongs to a model record"):
        Shelf().register(shipped(), "")


def test_file_that_changed_since_it_was_listed_is_not_registered() -> None:
    """What is written down is what lies there."""
    with pytest.raises(RegistryError, match="SHA-256 differs"):
        Shelf().register(replace(shipped(), file_sha256="0" * 64), "")


def test_events_of_other_kinds_are_history_and_change_no_table() -> None:
    """Signing and backup leave their lines in the same log."""
    from core.registry.event import Draft

    ledger = Ledger()
    ledger.change(lambda pen: pen.write(Draft("signed", NAME, "Ada", "for the lab", data={"key": "lab"})))

    assert [event.what for event in Shelf().history(NAME)] == ["signed"]
    assert Shelf().versions() == {}
    assert ledger.check() == 1


def test_set_alias_twice_is_one_event() -> None:
    """Nothing changed the second time."""
    shelf = Shelf("Ada")
    shelf.register(shipped(), "")

    for _ in range(2):
        shelf.set_alias(NAME, "champion", "the only one")

    assert [event.what for event in shelf.history(NAME)] == ["registered", "alias set"]
    with pytest.raises(RegistryError, match="Its aliases are: champion"):
        shelf.remove_alias(NAME, "challenger", "gone")
