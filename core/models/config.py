"""The configuration that travels with a checkpoint, so that training and inference cannot disagree.

Owns `ModelConfig`, its bounds and its file. Older forms are turned into this one by `migrations`; what the
tensors say against it is checked in `matching`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.models import architectures
from core.models.architectures import Task
from core.models.atomic import write_atomically
from core.models.input_spec import InputSpec
from core.models.migrations import migrate
from core.models.strict_json import canonical_json, parse_json_object
from core.settings import settings

CONFIG_NAME = "model_config.json"

S3_FIELDS = ("base_filters", "depth", "in_channels", "seg_out_channels", "cls_num_classes")
"""The sizes that a file must state and that a network factory is called with."""

Label = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=4000)]


class ModelConfig(BaseModel):
    """Everything needed to build a network and to feed it. Every size is bounded.

    classes : names of the classification head's outputs, in its order. labels : names of the label
    map's values 1, 2, …; value 0 is background. `seg_out_channels` may count the background
    (softmax over all) or leave it out (one sigmoid a label).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    schema_version: Literal[2] = Field(2, description="of this form")
    model_type: str = Field("multitask", max_length=64, description="a name of the architecture table")
    spatial_dims: Literal[2, 3] = 2
    base_filters: int = Field(64, ge=1, le=512, description="channels of the first level; doubled at each further one")
    depth: int = Field(4, ge=1, le=6, description="levels below the first: how often the grid is halved")
    in_channels: int = Field(1, ge=1, le=16, description="channels of the first layer")
    seg_out_channels: int = Field(1, ge=1, le=256, description="channels of the segmentation head")
    cls_num_classes: int = Field(2, ge=1, le=1024, description="outputs of the classification head")
    feature_size: int = Field(24, ge=12, le=96, multiple_of=12, description="of swin_unetr")
    norm: Literal["instance", "batch"] = Field("instance", description="normalisation layers of unet2d and unet3d")
    res_units: int = Field(2, ge=0, le=4, description="residual units a level of unet2d and unet3d")
    top_stride: Literal[1, 2] = Field(2, description="of the first level of unet2d and unet3d; 1 reads the full grid")
    classes: tuple[Label, ...] = Field((), max_length=1024)
    labels: tuple[Label, ...] = Field((), max_length=256)
    activation: Literal["softmax", "sigmoid"] = Field("softmax", description="of the classification head")
    input: InputSpec | None = None
    description: Text = ""
    trained_on: Text = ""
    training_config: Text = ""
    version: str = Field("1.0", max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _sizes_follow_names(cls, given: Any) -> Any:  # raw input of any shape
        return with_implied(given) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        architecture = architectures.get(self.model_type)
        if self.spatial_dims not in architecture.spatial_dims:
            allowed = " or ".join(str(d) for d in architecture.spatial_dims)
            raise ValueError(f"spatial_dims: {self.model_type} works in {allowed} dimensions, not {self.spatial_dims}")
        for field, names in (("classes", self.classes), ("labels", self.labels)):
            if len(set(names)) != len(names):
                raise ValueError(f"{field}: two of them have one name")
        if self.classes and len(self.classes) != self.cls_num_classes:
            raise ValueError(f"classes: {len(self.classes)} names for cls_num_classes = {self.cls_num_classes}")
        if self.labels and self.seg_out_channels - len(self.labels) not in (0, 1):
            raise ValueError(f"labels: {len(self.labels)} names for seg_out_channels = {self.seg_out_channels}")
        if self.input is not None and self.input.network_channels != self.in_channels:
            raise ValueError(
                f"in_channels: {self.in_channels}, but input.network_channels is {self.input.network_channels}"
            )
        if self.input is not None and self.input.feeds_slices != (self.spatial_dims == 2):
            raise ValueError("input: a 2-D network is fed films or slices, a 3-D network windows of a volume")
        return self

    @property
    def task(self) -> Task:
        """What the network answers with."""
        return architectures.get(self.model_type).task

    @property
    def segmentation_activation(self) -> Literal["softmax", "sigmoid"]:
        """softmax where the segmentation head has a channel for the background, else one sigmoid a label."""
        named = len(self.labels) if self.labels else (1 if self.seg_out_channels == 1 else self.seg_out_channels - 1)
        return "sigmoid" if self.seg_out_channels == named else "softmax"

    def get_model_params(self) -> dict[str, int]:
        """The sizes with which a network factory is called; `spatial_dims` only when it is not 2."""
        sizes: dict[str, int] = {name: getattr(self, name) for name in S3_FIELDS}
        return sizes if self.spatial_dims == 2 else {**sizes, "spatial_dims": self.spatial_dims}

    def canonical(self) -> str:
        """The configuration as one line of JSON, keys sorted: equal configurations give equal text."""
        return canonical_json(self.model_dump(mode="json"))

    def save(self, path: str | Path) -> None:
        """Write the configuration as indented JSON, atomically; folders are made."""
        text = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
        write_atomically(Path(path), text.encode())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The configuration in that file, brought up from an older form if need be.

        Raises
        ------
        ConfigError : the file is missing, too large, no JSON object, or breaks the schema; the
            message lists the known keys.
        """
        return cls.parse(read_config_file(Path(path)))

    @classmethod
    def from_checkpoint_dir(cls, folder: str | Path) -> Self:
        """The configuration that lies in a checkpoint's folder; raises like `load`."""
        return cls.load(Path(folder) / CONFIG_NAME)

    @classmethod
    def parse(cls, plain: dict[str, Any]) -> Self:
        """A strict configuration from JSON values of any known form.

        Raises
        ------
        ConfigError : a key is unknown or missing, or a value is out of range.
        """
        older = migrate(plain)
        current = with_implied(older.defaults | older.config)
        missing = [name for name in required_fields(current) if name not in current]
        if missing:
            raise ConfigError(
                found=f"The configuration does not state {', '.join(missing)}.",
                why="A guessed size would build another network than the one that was trained.",
                do=f"Add what is missing. The known keys are: {known_keys()}.",
            )
        return cls.checked(current)

    @classmethod
    def checked(cls, fields: dict[str, Any]) -> Self:
        """The same check without asking for completeness: absent fields take their defaults."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise config_error(error) from error


def with_implied(plain: dict[str, Any]) -> dict[str, Any]:
    """The same keys plus those that follow from others: head sizes from names, dimensions from the architecture."""
    filled = dict(plain)
    classes, labels = plain.get("classes"), plain.get("labels")
    if isinstance(classes, list | tuple) and classes:
        filled.setdefault("cls_num_classes", len(classes))
    if isinstance(labels, list | tuple) and labels:
        filled.setdefault("seg_out_channels", len(labels) + (len(labels) > 1))
    if plain.get("model_type") in architectures.names():
        dims = architectures.get(plain["model_type"]).spatial_dims
        filled.setdefault("spatial_dims", dims[0])
    return filled


def required_fields(plain: dict[str, Any]) -> tuple[str, ...]:
    """The keys that a configuration of this architecture must state."""
    if not isinstance(plain.get("model_type"), str):
        return ("model_type",)
    return architectures.get(plain["model_type"]).fields


def known_keys() -> str:
    """The keys of a configuration, for a refusal."""
    return ", ".join(sorted(ModelConfig.model_fields))


def config_error(error: ValidationError) -> ConfigError:
    """The first five faults of a configuration in words, with the known keys."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False)[:5]:
        where = ".".join(str(part)[:40] for part in fault["loc"])
        said = re.sub(r"^Value error, ", "", fault["msg"])
        faults.append(f"{where}: {said}" if where else said)
    return ConfigError(
        found=f"The configuration does not fit the schema: {'; '.join(faults)}.",
        why="A network built from it would not be the one that was trained, or would not fit this machine.",
        do=f"Correct these keys. The known keys are: {known_keys()}.",
    )


def read_config_file(path: Path) -> dict[str, Any]:
    """The JSON object in a configuration file, size-bounded.

    Raises
    ------
    ConfigError : missing, too large, or no JSON object.
    """
    limit = settings().config_kib * 1024
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise ConfigError(
            found=f"There is no readable configuration named {path.name}.",
            why="The architecture of a checkpoint is stated there.",
            do="Write it with `python -m core configs DIR`, or name another file.",
        ) from error
    if len(raw) > limit:
        raise ConfigError(
            found=f"{path.name} is larger than {settings().config_kib} KiB.",
            why="A configuration holds sizes and names, never data.",
            do="Give the configuration alone.",
        )
    return parse_json_object(raw, path.name)
