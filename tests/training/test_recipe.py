"""Recipes: what a training run must state, and what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    ("plain", "learning", "said"),
    [
        (film_recipe(), {"patience": 3}, "hold_out"),
        (volume_recipe(), {"augmentation": "strong"}, "medium or light"),
    ],
)
def test_learning_that_cannot_work_is_refused(
    plain: dict[str, Any], learning: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """A setting that does nothing, or fails in the first step, is told before the data are read."""
    changed = plain | {"learning": plain["learning"] | learning}

    with pytest.raises(ConfigError, match=said):
        TrainConfig.load(write_recipe(tmp_path / "recipe.json", changed))


def test_key_added_later_leaves_the_hash_of_older_recipes_alone(tmp_path: Path) -> None:
    """Cards of checkpoints that ship name their recipe by its hash; a new key at its default is the old recipe."""
    plain = film_recipe()
    older = TrainConfig.load(write_recipe(tmp_path / "a.json", plain)).sha256

    def with_(**learning: Any) -> str:
        changed = plain | {"learning": plain["learning"] | learning}
        return TrainConfig.load(write_recipe(tmp_path / "b.json", changed)).sha256

    assert with_(mirror=False, focal=0.0, amp="bfloat16") == older
    assert len({older, with_(mirror=True), with_(focal=2.0), with_(amp="none")}) == 4


def test_hash_depends_on_content_and_not_on_the_file(tmp_path: Path) -> None:
    """The card names the recipe by hash; spacing in a file must not change it, a seed must."""
    plain = film_recipe()
    first = TrainConfig.load(write_recipe(tmp_path / "a.json", plain))
    (tmp_path / "b.json").write_text((tmp_path / "a.json").read_text().replace(",", ",\n"), encoding="utf-8")
    seeded = plain | {"learning": plain["learning"] | {"seed": 1}}

    assert TrainConfig.load(tmp_path / "b.json").sha256 == first.sha256
    assert TrainConfig.load(write_recipe(tmp_path / "c.json", seeded)).sha256 != first.sha256
