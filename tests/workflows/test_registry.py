"""The shelf with its memory, as the Models page and the command line see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.errors import ModelNotFound, RegistryError
from core.models import save_model_with_config
from core.settings import settings
from core.workflows import registry
from core.workflows.model_address import addressed_model
from tests.models.conftest import tiny_config, tiny_network

NAME = "tiny"
FIRST, SECOND, DEEPER = "tiny_v1.0.0", "tiny_v1.1.0", "tiny_v1.2.0"

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """`save(id, seed=0, depth=2)` puts a small checkpoint on a shelf of this test's own."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()

    def put(model_id: str, seed: int = 0, **changes: int) -> Path:
        config = tiny_config("multitask", **changes)
        path = tmp_path / "shelf" / model_id / f"{model_id}.safetensors"
        save_model_with_config(tiny_network(config, seed), path, config)
        return path

    return put


def test_shelf_shows_what_nobody_registered(save: Save, home: Path) -> None:
    """The shipped models appear without anybody doing anything, and looking leaves nothing behind."""
    save(FIRST)

    (entry,) = registry.shelf_entries()

    assert (entry.id, entry.name, entry.version) == (FIRST, "tiny", "1.0.0")
    assert (entry.stage, entry.hash_state, entry.origin) == ("not registered", "verified", "shelf")
    assert not (home / "registry").exists()


@pytest.mark.seeds(22, 24)
def test_every_change_is_in_the_history_with_who_and_why(save: Save) -> None:
    """Who changed it, when and why is the question that a shelf without a log cannot answer."""
    save(FIRST)

    registry.register(FIRST, "first attempt", "ada")
    registry.change_stage(FIRST, "Testing", "ready to be measured", "bob")
    registry.set_alias(FIRST, "challenger", "to compare", "bob")
    registry.pin(FIRST, "eve")

    told = [(line.who, line.what, line.reason) for line in registry.history(FIRST)]
    assert told == [
        ("eve", "pinned", ""),
        ("bob", "alias set: challenger", "to compare"),
        ("bob", "stage changed: Development to Testing", "ready to be measured"),
        ("ada", "registered", "first attempt"),
    ]
    (entry,) = registry.shelf_entries()
    assert (entry.stage, entry.aliases, entry.pinned) == ("Testing", ("challenger",), True)
    assert registry.check() == 4


def test_address_answers_with_the_version_that_the_alias_points_to(save: Save) -> None:
    """A command that names the champion must not be edited when the champion changes."""
    save(FIRST), save(SECOND, seed=1)
    registry.register(FIRST, "")
    registry.register(SECOND, "")

    registry.set_alias(FIRST, "champion", "the only one")
    before = addressed_model("models:/tiny@champion")
    registry.set_alias(SECOND, "champion", "better")

    assert before.id == FIRST
    assert addressed_model("models:/tiny@champion").id == SECOND
    assert addressed_model("models:/tiny/1.0.0").id == addressed_model(FIRST).id == FIRST
    assert {entry.id: entry.aliases for entry in registry.shelf_entries()} == {FIRST: (), SECOND: ("champion",)}


def test_days_answer_with_whoever_answered_then(save: Save) -> None:
    """'Which model answered on this day?' is asked when a result is questioned."""
    save(FIRST), save(SECOND, seed=1)
    registry.register(FIRST, "")
    registry.register(SECOND, "")
    registry.set_alias(FIRST, "champion", "the only one")
    registry.set_alias(SECOND, "champion", "better")

    found = registry.answered_on("models:/tiny@champion", date.today())

    assert [one.id for one in found] == [FIRST, SECOND]
    assert found[0].until == found[1].since
    assert registry.answered_on("models:/tiny@champion", date.today() - timedelta(days=2)) == []
    assert [one.id for one in registry.answered_on("models:/tiny@champion", date.today() + timedelta(days=2))] == [
        SECOND
    ]


def test_registered_version_cannot_become_another_file(save: Save) -> None:
    """A name that means other weights tomorrow is worth nothing in a paper."""
    save(FIRST)
    registry.register(FIRST, "")
    save(FIRST, seed=5)

    (entry,) = registry.shelf_entries()

    assert entry.hash_state == "not the registered file"
    with pytest.raises(RegistryError, match="not the one that was registered"):
        addressed_model("models:/tiny/1.0.0")
    with pytest.raises(RegistryError, match="with another file"):
        registry.register(FIRST, "")
    with pytest.raises(RegistryError, match="SHA-256 differs"):
        registry.change_stage(FIRST, "Testing", "now")


@pytest.mark.seeds(15)
def test_changed_architecture_needs_a_new_major_version(save: Save) -> None:
    """Major means architecture: the reason and the next free number are said."""
    save(FIRST), save(SECOND, seed=1), save(DEEPER, depth=3), save("tiny_v2.0.0", depth=3)
    registry.register(FIRST, "")
    registry.register(SECOND, "")

    with pytest.raises(RegistryError, match=r"depth 3 for 2\..*new major version\. Call it tiny_v2\.0\.0\."):
        registry.register(DEEPER, "")
    assert registry.register("tiny_v2.0.0", "").number == (2, 0, 0)


def test_id_without_a_version_is_refused_with_the_form(save: Save) -> None:
    """Nothing could follow it."""
    save("best-one")

    with pytest.raises(RegistryError, match=r"\{type\}_v\{major\}\.\{minor\}\.\{patch\}"):
        registry.register("best-one", "")


@pytest.mark.seeds(24)
def test_retired_version_comes_back_below_production(save: Save) -> None:
    """What was withdrawn is looked at again before anybody relies on it."""
    save(FIRST)
    registry.register(FIRST, "")
    registry.set_alias(FIRST, "champion", "the only one")

    with pytest.raises(RegistryError, match="still answers under champion"):
        registry.change_stage(FIRST, "Retirement", "old")
    registry.remove_alias(FIRST, "champion", "to retire it")
    registry.change_stage(FIRST, "Retirement", "old")
    with pytest.raises(RegistryError, match="is retired"):
        registry.set_alias(FIRST, "champion", "again")
    with pytest.raises(RegistryError, match="comes back to Staging at most"):
        registry.change_stage(FIRST, "Production", "again")

    assert str(registry.change_stage(FIRST, "Staging", "needed after all").stage) == "Staging"


def test_version_whose_file_is_gone_is_listed_and_can_be_retired(save: Save) -> None:
    """A shelf that forgets what it has lost cannot be trusted."""
    path = save(FIRST)
    registry.register(FIRST, "")
    path.unlink()

    (entry,) = registry.shelf_entries()

    assert (entry.origin, entry.hash_state, entry.stage) == ("missing", "missing", "Development")
    with pytest.raises(RegistryError, match="not on the shelf"):
        registry.change_stage(FIRST, "Testing", "now")
    assert str(registry.change_stage(FIRST, "Retirement", "lost").stage) == "Retirement"


def test_unknown_model_is_named_and_nothing_is_written(save: Save, home: Path) -> None:
    """A mistyped id must not leave a trace."""
    save(FIRST)

    for act in (lambda: registry.register("tiny_v9.0.0", ""), lambda: registry.pin("tiny_v9.0.0")):
        with pytest.raises(ModelNotFound, match=FIRST):
            act()

    assert not (home / "registry").exists()


def test_change_without_a_reason_is_refused(save: Save) -> None:
    """An unexplained change cannot be judged later."""
    save(FIRST)
    registry.register(FIRST, "")

    with pytest.raises(RegistryError, match="No reason"):
        registry.change_stage(FIRST, "Testing", " ")
    with pytest.raises(RegistryError, match="No reason"):
        registry.set_alias(FIRST, "champion", "")


def test_pinned_models_lead_the_list(save: Save) -> None:
    """That is what a pin is for; a model need not be registered for it."""
    save(FIRST), save(SECOND, seed=1)

    registry.pin(SECOND)
    pinned = [entry.id for entry in registry.shelf_entries()]
    registry.unpin(SECOND)

    assert pinned == [SECOND, FIRST]
    assert [entry.id for entry in registry.shelf_entries()] == [FIRST, SECOND]
