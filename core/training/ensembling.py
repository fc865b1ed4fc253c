"""An ensemble from models that are shipped: described, measured like one network, and given a card of its own.

Owns the configuration file of `python -m core ensemble` and the order. The members' weights, temperatures and gates
stay as they are; only operating points are the ensemble's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.errors import ConfigError
from core.models.architectures import Task
from core.models.card import Card
from core.models.catalog import list_models
from core.models.config import config_error, read_config_file
from core.models.ensembles import ENSEMBLE_SUFFIX, read_ensemble, write_ensemble
from core.models.model import EnsembleRule, Model
from core.training.dataset import Folder, Progress, Row
from core.training.learned import library_versions
from core.training.measuring import Measured, Work, measure
from core.training.recipe import CardText, Data, Strict
from core.training.shipping import card_of, journal_of, maturity_of, measured_facts


class EnsembleConfig(Strict):
    """Which models join, how, and on what they are measured together.

    data : as in a recipe; `train` names the splits that taught the members, and teaches nothing here.
    """

    schema_version: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*_v\d+\.\d+\.\d+$", max_length=100)]
    members: tuple[str, ...] = Field(min_length=2, max_length=16)
    rule: EnsembleRule = EnsembleRule.MEAN
    weights: tuple[float, ...] = ()
    finding: str | None = None
    data: Data
    card: CardText

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.weights and (self.rule is not EnsembleRule.WEIGHTED or len(self.weights) != len(self.members)):
            raise ValueError("weights: one for each member, and only where the rule is weighted")
        if (self.finding is None) != (self.data.chosen_on is None):
            raise ValueError("finding, data.chosen_on: operating points need both")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """The configuration in that JSON file; raises ConfigError."""
        try:
            return cls.model_validate(read_config_file(path))
        except ValidationError as error:
            raise config_error(error) from error


def ship_ensemble(
    config: EnsembleConfig, folder: Folder, rows: Sequence[Row], out: Path, progress: Progress | None = None
) -> Model:
    """Measure the ensemble of models on the shelf, write it to `out`, and give its handle.

    Raises
    ------
    ConfigError : a member is not on the shelf, or the members do not answer the same question.
    """
    shelf = {model.id: model for model in list_models()}
    missing = [name for name in config.members if name not in shelf]
    if missing:
        raise ConfigError(
            found=f"The shelf has no {', '.join(missing)}.",
            why="An ensemble is measured through its members.",
            do="Put them on the shelf first, or change members in the configuration.",
        )
    members = [shelf[name] for name in config.members]
    journal = journal_of(out)
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / f"{config.id}{ENSEMBLE_SUFFIX}"
        write_ensemble(draft, members, rule=config.rule, weights=config.weights)
        model = read_ensemble(draft, shelf)
        measured = measure(model, Work(config.data, config.finding, folder, tuple(rows), journal, progress))
    card = _card(config, members, model.task, measured)
    write_ensemble(out, members, rule=config.rule, weights=config.weights, card=card, operating_points=measured.points)
    journal.close()
    return read_ensemble(out, shelf)


def _card(config: EnsembleConfig, members: Sequence[Model], task: Task, measured: Measured) -> Card:
    gated = all(member.gate is not None for member in members)
    provenance = {
        "data set": config.data.title,
        **measured_facts(config.data, measured),
        "recipe": config.id.rpartition("_v")[0] + ".json",
        "members": ", ".join(f"{member.id} (weights {member.weights_sha256[:12]})" for member in members),
        "rule": str(config.rule),
        "versions, measuring": library_versions(),
    }
    maturity = maturity_of(config.id, task, config.data, measured, gated=gated)
    return card_of(config.card, config.data, task, measured, maturity, provenance)
