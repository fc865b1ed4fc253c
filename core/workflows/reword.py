"""Mend the words of a shipped model's card from its recipe, without measuring again: `python -m core card --words`.

Owns the check that it is the same recipe but for words. Weights, points, temperature, gate and figures stay.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigError
from core.models.catalog import get_model
from core.models.model import Model
from core.models.recarding import with_card
from core.training.ensembling import EnsembleConfig
from core.training.recipe import TrainConfig
from core.training.shipping import reworded


def reword(model_id: str, recipe: Path) -> Model:
    """The model with the card that its recipe words now.

    Raises
    ------
    ConfigError : the recipe is another model's, or makes another network than the one that ships.
    """
    model = get_model(model_id)
    config = EnsembleConfig.load(recipe) if model.members else TrainConfig.load(recipe)
    if isinstance(config, TrainConfig):
        same, facts = config.model == model.config, {"recipe sha256": config.sha256}
    else:
        same, facts = tuple(member.model.id for member in model.members) == config.members, {}
    splits = {metric.split for metric in model.card.metrics}
    if config.id != model_id or not same or not {*config.data.report, *config.data.external} <= splits:
        raise ConfigError(
            found=f"{recipe.name[:80]} is not the recipe of {model_id}, or asks for figures that were not measured.",
            why="Only words can be mended without learning or measuring again.",
            do="Name the recipe that the model was made by, or make the model again.",
        )
    return with_card(model, reworded(model, config.card, config.data, facts))
