"""Models on offer: the fitting ones first, and what the sidebar says of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.settings import settings
from core.studies.study import Kind
from core.workflows.choose_model import badges, channel_sets, first_fitting, models_for
from core.workspace import Workspace
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS, TWO_CHANNELS
from tests.phantoms import add_phantom


@pytest.fixture(autouse=True)
def _on_the_shelf(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    settings.cache_clear()


@pytest.mark.seeds(7)
def test_models_that_read_the_case_lead(home: Path) -> None:
    """A volume with one channel is nothing for the X-ray models, nor for the one of two channels."""
    owner = Workspace("owner-one")
    film, volume = add_phantom(owner, Kind.FILM), add_phantom(owner, Kind.VOLUME)

    assert [m.id for m in models_for(film)][:2] == [CHEST, CHEST_TWO]
    assert models_for(volume)[0].id == HIPPOCAMPUS
    best = first_fitting(models_for(volume), volume)
    assert best is not None
    assert best.id == HIPPOCAMPUS


def test_a_model_that_cannot_be_used_comes_last_and_says_why(tmp_path: Path, shelf: Path, home: Path) -> None:
    """A changed byte is noticed before anybody runs it."""
    file = get_model(CHEST).path
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    broken = tmp_path / "shelf" / CHEST / file.name
    broken.parent.mkdir(parents=True)
    broken.write_bytes(content)

    model = get_model(CHEST, [broken.parent])

    assert model.problem is not None
    assert badges(model)[0].word == "checksum differs"


def test_badges_say_state_test_device_and_checksum() -> None:
    """In words: a colour alone says nothing to many."""
    tested, untested = (badges(get_model(name)) for name in (CHEST, CHEST_TWO))

    assert next(b.word for b in tested).startswith("ready")
    assert {"CPU, torch", "GPU"} & {b.word for b in tested}
    assert "not tested" in [b.word for b in untested]
    assert "not tested" not in [b.word for b in tested]
    assert any(
        b.word == f"sha {get_model(CHEST).weights_sha256[:4]}…{get_model(CHEST).weights_sha256[-2:]}" for b in tested
    )


def test_only_models_of_several_channels_ask_for_names() -> None:
    """T1 and FLAIR are asked for in the model's own words."""
    sets = channel_sets(None)

    assert {name: one.channels for name, one in sets.items()} == {TWO_CHANNELS: ("T1", "FLAIR")}
    assert badges(replace(get_model(CHEST), problem="Weights not found."))[0].word == "weights not found"
