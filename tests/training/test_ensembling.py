"""An ensemble of shipped models: measured as one, with points of its own and the members' gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.catalog import list_models
from core.models.model import Model
from core.settings import settings
from core.training.asking import score_films
from core.training.dataset import Folder, in_groups
from core.training.ensembling import EnsembleConfig
from core.workflows.ensemble import ensemble
from tests.training.conftest import film_recipe, volume_recipe
from tests.training.test_asking import untrained
from tests.training.test_shipping import shipped_films

OUT = "tiny_both_v1.0.0.ensemble.json"


def description(members: list[str], plain: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "tiny_both_v1.0.0",
        "members": members,
        "finding": plain.get("finding"),
        "data": plain["data"],
        "card": plain["card"],
    } | changes


def written(path: Path, plain: dict[str, Any]) -> Path:
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("READROOM_SHELF", str(folder))
    settings.cache_clear()
    return folder


@pytest.fixture
def two_films(film_folder: Path, shelf: Path) -> list[Model]:
    made = []
    for name in ("tiny_a_v0.1.0", "tiny_b_v0.1.0"):
        made.append(shipped_films(film_folder, shelf / name / f"{name}.safetensors", id=name))
    return made


@pytest.mark.seeds(11)
def test_ensemble_is_on_the_shelf_with_a_card_of_its_own(
    two_films: list[Model], film_folder: Path, shelf: Path, tmp_path: Path
) -> None:
    """Its figures must be those of the joined scores, not of a member."""
    config = written(tmp_path / "e.json", description([m.id for m in two_films], film_recipe()))

    model = ensemble(config, film_folder, shelf / OUT)

    listed = {m.id: m for m in list_models([shelf])}
    assert listed[model.id].problem is None
    assert {m.split for m in model.card.metrics} == {"test", "elsewhere"}
    assert {p.weights_sha256 for p in model.operating_points} == {model.weights_sha256}
    assert model.card.maturity == "released"
    folder = Folder(film_folder)
    rows = in_groups(folder.rows(EnsembleConfig.load(config).data.tables), ["test"])
    joined = score_films(model, "pneumonia", folder, rows).scores
    apart = [score_films(member, "pneumonia", folder, rows).scores for member in two_films]
    folder.close()
    assert joined == pytest.approx((apart[0] + apart[1]) / 2)
    assert any(m.name == "flagged as unfamiliar" for m in model.card.metrics)


def test_ensemble_of_segmentations_is_measured_on_volumes(volume_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """The mean of two label maps is a third one, with its own overlap."""
    for name in ("tiny_a_v0.1.0", "tiny_b_v0.1.0"):
        (shelf / name).mkdir()
        untrained(volume_recipe(id=name), shelf / name)
    plain = description(["tiny_a_v0.1.0", "tiny_b_v0.1.0"], volume_recipe())

    model = ensemble(written(tmp_path / "e.json", plain), volume_folder, shelf / OUT)

    assert {m.name for m in model.card.metrics} >= {"dice front", "dice front or back", "voxel sensitivity back"}
    assert model.card.maturity == "early"


def test_missing_member_is_named_before_anything_is_measured(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """An hour of measuring must not end in a name that nobody has."""
    config = written(tmp_path / "e.json", description(["gone_v1.0.0", "lost_v1.0.0"], film_recipe()))

    with pytest.raises(ConfigError, match=r"gone_v1\.0\.0, lost_v1\.0\.0"):
        ensemble(config, film_folder, shelf / OUT)


def test_name_and_configuration_must_agree(film_folder: Path, shelf: Path, tmp_path: Path) -> None:
    """A model is found by the name of its file."""
    config = written(tmp_path / "e.json", description(["a_v1.0.0", "b_v1.0.0"], film_recipe()))

    with pytest.raises(ConfigError, match="is to be called"):
        ensemble(config, film_folder, shelf / "best.ensemble.json")
    for changes in ({"weights": [1, 2]}, {"finding": None}, {"members": ["a"]}, {"colour": "red"}):
        with pytest.raises(ConfigError):
            EnsembleConfig.load(written(tmp_path / "e.json", description(["a", "b"], film_recipe()) | changes))
