"""S2's `model_metadata.json`: training, figures, data, history and deployment of each model in a folder.

Owns the file's form, ours and a plainer one of others: `{"models": [...]}` or one entry alone, figures as a list or as
a table of numbers. What others state is a claim.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.errors import ConfigError
from core.models.atomic import write_atomically
from core.models.card import Metric
from core.models.claimed_name import parse_name, semantic
from core.models.config import read_config_file

METADATA_NAME = "model_metadata.json"

SCHEMA = "readroom.model_metadata/1"

Text = Annotated[str, Field(max_length=4000)]


class ModelEntry(BaseModel):
    """One model; the names are the document's list of what each model includes."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    name: str = Field(min_length=1, max_length=200)
    version: str = Field("", max_length=64)
    file: str = Field("", max_length=1000)
    sha256: str = Field("", max_length=64)
    training_configuration: dict[str, JsonValue] = Field(default_factory=dict, max_length=256)
    performance_metrics: tuple[Metric, ...] | dict[str, float] = ()
    dataset_information: Text = ""
    version_history: tuple[dict[str, JsonValue], ...] = Field((), max_length=10_000)
    deployment_instructions: Text = ""

    def claims(self) -> dict[str, str]:
        """What goes into the card of a model that is imported: figures and data, as claims."""
        metrics = self.performance_metrics
        figures = metrics if isinstance(metrics, dict) else {m.name: m.value for m in metrics}
        said = {"version": self.version, "dataset": self.dataset_information[:200]}
        kept = {f"claimed_metadata_{name}": value for name, value in said.items() if value}
        return kept | {f"claimed_metadata_{name[:60]}": f"{value:g}" for name, value in figures.items()}


class ModelMetadata(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    version: Literal["readroom.model_metadata/1"] = Field("readroom.model_metadata/1", alias="schema")
    models: tuple[ModelEntry, ...] = Field(max_length=10_000)

    def entry_of(self, file_name: str) -> ModelEntry | None:
        """The entry about a file: the one that names it, else the one of its name and version."""
        for entry in self.models:
            if entry.file and Path(entry.file).name == file_name:
                return entry
        claimed = parse_name(file_name)
        for entry in self.models:
            if entry.name == claimed.name and (not entry.version or semantic(entry.version) == claimed.version):
                return entry
        return None


def read_metadata(path: Path) -> ModelMetadata:
    """The metadata in a file.

    Raises
    ------
    ConfigError : missing, too large, no JSON object, or a field is wrong.
    """
    plain = read_config_file(path)
    try:
        return ModelMetadata.model_validate(plain if "models" in plain else {"models": [plain]})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(p) for p in f['loc'])}: {f['msg']}" for f in error.errors()[:5])
        raise ConfigError(
            found=f"{path.name[:80]} does not fit: {faults}.",
            why="What cannot be read whole says nothing of a model.",
            do=f"Correct these fields. Those of a model are: {', '.join(ModelEntry.model_fields)}.",
        ) from error


def write_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Write the file, atomically: `read_metadata(path) == metadata` afterwards."""
    plain: dict[str, Any] = metadata.model_dump(mode="json", by_alias=True)
    write_atomically(path, (json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
