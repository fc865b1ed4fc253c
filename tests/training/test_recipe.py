"""Recipes: what a training run must state, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.training.recipe import TrainConfig
from tests.training.conftest import film_recipe, volume_recipe, write_recipe

RECIPES = sorted((Path(__file__).parents[2] / "core" / "training" / "recipes").glob("*.json"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipe_is_whole_and_named_after_its_id(path: Path) -> None:
    """A recipe that no longer loads could not retrain its model."""
    config = TrainConfig.load(path)

    assert config.id.startswith(f"{path.stem}_v")
    assert config.model.version == config.id.rpartition("_v")[2]


def test_unknown_key_is_refused_and_the_known_ones_listed(tmp_path: Path) -> None:
    """A misspelt key must not be a silent default."""
    path = write_recipe(tmp_path / "recipe.json", film_recipe(epoch=3))

    with pytest.raises(ConfigError, match=r"epoch: Extra inputs.*learning, model"):
        TrainConfig.load(path)


def test_split_that_teaches_cannot_be_reported(tmp_path: Path) -> None:
    """Figures from taught cases are the commonest false figure."""
    plain = film_recipe()
    plain["data"] = plain["data"] | {"report": ["test", "train"]}

    with pytest.raises(ConfigError, match="only one of these"):
        TrainConfig.load(write_recipe(tmp_path / "recipe.json", plain))


def test_finding_must_be_one_of_the_classes(tmp_path: Path) -> None:
    """Operating points are about a class by name, never by place."""
    path = write_recipe(tmp_path / "recipe.json", film_recipe(finding="fracture"))

    with pytest.raises(ConfigError, match="finding: one of normal, pneumonia"):
        TrainConfig.load(path)


def test_segmentation_without_patch_is_refused(tmp_path: Path) -> None:
    """Volumes of several sizes make no batch without a window."""
    plain = volume_recipe()
    plain["model"] = plain["model"] | {"input": plain["model"]["input"] | {"patch": None}}

    with pytest.raises(ConfigError, match="trained on patches"):
        TrainConfig.load(write_recipe(tmp_path / "recipe.json", plain))


def test_hash_depends_on_content_and_not_on_the_file(tmp_path: Path) -> None:
    """The card names the recipe by hash; spacing in a file must not change it, a seed must."""
    plain = film_recipe()
    first = TrainConfig.load(write_recipe(tmp_path / "a.json", plain))
    (tmp_path / "b.json").write_text((tmp_path / "a.json").read_text().replace(",", ",\n"), encoding="utf-8")
    seeded = plain | {"learning": plain["learning"] | {"seed": 1}}

    assert TrainConfig.load(tmp_path / "b.json").sha256 == first.sha256
    assert TrainConfig.load(write_recipe(tmp_path / "c.json", seeded)).sha256 != first.sha256
