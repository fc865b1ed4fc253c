"""What one training run is: the configuration file of `python -m core train`, strict and complete.

Owns the recipe's shape and its checks. What the fields do is told where they are used: reading in
`dataset`, moving pictures in `augment`, learning in `loop`, figures in `evaluate`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.models.architectures import Task
from core.models.card import Sentence
from core.models.config import ModelConfig, config_error, read_config_file
from core.models.input_spec import InputSpec
from core.models.strict_json import canonical_json
from core.studies.study import Kind

Share = Annotated[float, Field(ge=0, le=0.5)]
Column = Annotated[str, Field(min_length=1, max_length=64)]


KEYS_ADDED = (
    "model.input.context",
    "model.top_stride",
    *(f"data.{key}" for key in ("gate_on", "ood", "subgroups", "looks", "spacing_assumed")),
    *(f"card.{key}" for key in ("scenario", "key_metric")),
    *(f"learning.{key}" for key in ("mirror", "patience", "balance", "focal", "class_share", "foreground", "amp")),
)
"""Keys that recipes of the first checkpoints could not state: left at their default, they leave the hash alone."""


WORDS = ("description", "trained_on", "training_config", "version")
"""Keys of a configuration that tell of a model and decide nothing."""


class Strict(BaseModel):
    """Unknown keys are refused, and what exists stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(Strict):
    """One CSV of the data folder, a row a case, and which of its columns say what.

    image : the file, in the folder or inside a zip of it. label : the class name of a film, the label
    map's file of a volume. group : the split. patient : what keeps cases of one person together.
    """

    csv: Annotated[str, Field(pattern=r"^[\w.-]+\.csv$")]
    image: Column = "file"
    label: Column = "label"
    group: Column = "split"
    patient: Column = "patient"


class Strange(Strict):
    """A CSV of files that are nothing like what is taught: how many of them are noticed is reported, by kind."""

    csv: Annotated[str, Field(pattern=r"^[\w.-]+\.csv$")]
    image: Column = "file"
    kind: Column | None = None


class Data(Strict):
    """Which cases teach, which choose operating points, and which are reported; all by name of split.

    title : the data set as the card names it. chosen_on : no choice but temperature, operating points and the
    gate's cut-off may look there. external : reported like `report`, and said to be another population. gate_on :
    sets the gate's cut-off; `chosen_on` where nobody names one. ood : files to be called unfamiliar. subgroups :
    columns of the tables whose values are reported apart. looks : how often a reported split was looked at for this
    network, this time included, where that is not once. spacing_assumed : the files' spacing was not measured, so
    that millimetres and millilitres are guesses.
    """

    title: Annotated[str, Field(min_length=1, max_length=200)]
    tables: tuple[Table, ...] = Field(min_length=1, max_length=8)
    train: tuple[str, ...] = Field(min_length=1)
    chosen_on: str | None = None
    report: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    gate_on: str | None = None
    ood: tuple[Strange, ...] = Field((), max_length=4)
    subgroups: tuple[Column, ...] = Field((), max_length=8)
    looks: dict[Column, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict, max_length=16)
    spacing_assumed: bool = False

    @property
    def gate_split(self) -> str | None:
        """The split that sets the gate's cut-off, if there is one."""
        return self.gate_on or self.chosen_on

    @model_validator(mode="after")
    def _nothing_is_used_twice(self) -> Self:
        used = [*self.train, *self.report, *self.external, *([self.chosen_on] if self.chosen_on else [])]
        if len(set(used)) != len(used):
            raise ValueError("data: a split may teach, choose or be reported, and only one of these")
        if self.gate_on is not None and self.gate_on not in (self.chosen_on, *self.report):
            raise ValueError("data.gate_on: a split that chooses or is reported, and does not teach")
        if set(self.looks) - {*self.report, *self.external}:
            raise ValueError("data.looks: splits that are reported")
        return self


class Learning(Strict):
    """How the network learns; the rate rises over the first tenth of the steps, then falls as a cosine.

    average : decay of the running average of the weights that is kept at the end. hold_out : share of the
    training patients set aside as an inner fold, on which a run reports and learns nothing; recipes whose
    number of epochs was chosen so then teach all (0). patience : looks at the inner fold without a better
    figure after which the run stops and keeps the best; without it the last weights are kept.

    balance : 'classes' weighs each class by the inverse of its share. focal : exponent that takes weight from
    what is already sure; 0 is plain cross-entropy. class_share : of a multitask network, the weight of its
    classification loss beside its segmentation loss. foreground : share of the windows of a volume that are
    centred on a labelled voxel. mirror : flips the last axis of every second picture, for findings that have
    no side. amp : the arithmetic on a GPU; a CPU always computes in float32.
    """

    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch: Annotated[int, Field(ge=2, le=512)] = 32
    rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.05
    label_smoothing: Share = 0.0
    average: Annotated[float, Field(ge=0, lt=1)] = 0.99
    augmentation: Literal["none", "light", "medium", "strong", "hard"] = "strong"
    mirror: bool = False
    hold_out: Share = 0.0
    patience: Annotated[int, Field(ge=1, le=1000)] | None = None
    balance: Literal["classes", "none"] = "classes"
    focal: Annotated[float, Field(ge=0, le=5)] = 0.0
    class_share: Annotated[float, Field(ge=0, le=100)] = 0.5
    foreground: Annotated[float, Field(ge=0, le=1)] = 0.0
    amp: Literal["none", "float16", "bfloat16"] = "bfloat16"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class CardText(Strict):
    """What the card says that no measurement tells. scenario, key_metric : see `core.models.card.Card`."""

    display_name: Annotated[str, Field(min_length=1, max_length=24)]
    summary: Sentence
    trained_on: Sentence
    licence: Sentence
    citations: tuple[Sentence, ...] = Field(min_length=1)
    limits: tuple[Sentence, ...] = Field(min_length=1)
    scenario: Sentence = ""
    key_metric: Annotated[str, Field(max_length=200)] = ""


class TrainConfig(Strict):
    """One run, from the data folder to the checkpoint.

    finding : the class that operating points and rates are about. stored : the precision of the weights in
    the file; figures are measured with the weights as stored.
    """

    schema_version: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*_v\d+\.\d+\.\d+$", max_length=100)]
    model: ModelConfig
    data: Data
    learning: Learning
    card: CardText
    finding: str | None = None
    stored: Literal["float32", "float16"] = "float16"

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        task = self.model.task
        if self.model.input is None:
            raise ValueError("model.input: training needs the preprocessing that serving will use")
        if self.model.input.normalisation == "imagenet":
            raise ValueError("model.input.normalisation: augmentation varies grey around mean 0; use zscore")
        if self.model.spatial_dims == 3 and self.learning.augmentation in ("strong", "hard"):
            raise ValueError("learning.augmentation: blur and erasing are for two dimensions; choose medium or light")
        if self.learning.patience is not None and not self.learning.hold_out:
            raise ValueError("learning.patience: stopping early needs an inner fold; set hold_out too")
        if task is not Task.SEGMENTATION and (self.model.activation != "softmax" or len(self.model.classes) != 2):
            raise ValueError("model: two classes under a softmax can be trained")
        if task is Task.CLASSIFICATION:
            if self.model.input.kind is not Kind.FILM:
                raise ValueError("model: a classifier is trained on films")
            if self.finding not in self.model.classes:
                raise ValueError(f"finding: one of {', '.join(self.model.classes)}")
            return self
        if self.finding is not None or self.data.chosen_on is not None:
            raise ValueError("finding, data.chosen_on: a segmentation has no operating points")
        if not self.model.labels:
            raise ValueError("model.labels: a label map needs names for its values")
        if self.model.input.patch is None and not self.model.input.feeds_slices:
            raise ValueError("model: a segmentation is trained on patches of a volume, or on its slices")
        return self

    @property
    def input(self) -> InputSpec:
        """The preprocessing, of training and of serving."""
        if self.model.input is None:
            raise AssertionError("checked when the recipe was made")
        return self.model.input

    @property
    def sha256(self) -> str:
        """The recipe's hash: equal recipes give equal text, and a key added since counts only where it is set."""
        return hashlib.sha256(canonical_json(self._plain()).encode()).hexdigest()

    @property
    def learning_sha256(self) -> str:
        """The hash of what decides the weights, so that a card's words may be mended after learning."""
        plain = self._plain()
        model = {key: value for key, value in plain["model"].items() if key not in WORDS}
        decides = {"model": model, "train": plain["data"]["train"], "learning": plain["learning"]}
        return hashlib.sha256(canonical_json(decides | {"stored": self.stored}).encode()).hexdigest()

    def _plain(self) -> dict[str, Any]:
        plain = self.model_dump(mode="json")
        stated = self.model_dump(mode="json", exclude_defaults=True)
        for *way, key in (path.split(".") for path in KEYS_ADDED):
            if key not in _at(stated, way):
                _at(plain, way).pop(key, None)
        return plain

    @classmethod
    def load(cls, path: Path) -> Self:
        """The recipe in that JSON file.

        Raises
        ------
        ConfigError : no readable JSON object, or a key is unknown, missing or out of range.
        """
        try:
            return cls.model_validate(read_config_file(path))
        except ValidationError as error:
            found = config_error(error).found.replace("configuration", "recipe", 1)
            raise ConfigError(
                found=found,
                why="A run that half follows its recipe cannot be repeated.",
                do=f"Correct these keys. The keys of a recipe are: {', '.join(sorted(cls.model_fields))}.",
            ) from error


def _at(plain: dict[str, Any], way: Sequence[str]) -> dict[str, Any]:
    """The object at that place; an empty one where there is none."""
    for key in way:
        plain = plain.get(key) or {}
    return plain
