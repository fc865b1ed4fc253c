"""Writing `model_config.json` into folders of checkpoints that lack one (S3's generator).

Sizes are read from the tensors in the isolated worker. What the tensors cannot tell is asked for, or left out and told:
an assumption that is written down would pass for a statement afterwards. An existing configuration is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, ConfigError, WorkerBreach
from core.models.architectures import Task
from core.models.config import CONFIG_NAME, ModelConfig, read_config_file
from core.models.importing import ENDINGS, PREFERRED, describe_checkpoint
from core.models.presets import default_preset

RULE = "=" * 80
TITLE = "Generating Model Configuration Files"


@dataclass(frozen=True, slots=True)
class Generated:
    """One folder: its name, where its configuration lies, and what stands in it, or why there is none.

    untold : what neither the tensors nor anybody says, in words.
    """

    name: str
    location: Path
    config: ModelConfig | None
    written: bool
    problem: str | None = None
    untold: tuple[str, ...] = ()

    @property
    def architecture(self) -> str:
        """The sizes as the document prints them, after the network's name where it is not the document's own."""
        if self.config is None:
            return ""
        config = self.config
        fields = {"base_filters": config.base_filters, "depth": config.depth}
        if config.task is Task.CLASSIFICATION:
            fields = {"in_channels": config.in_channels, "cls_num_classes": config.cls_num_classes}
        elif config.model_type == "swin_unetr":
            fields = {"feature_size": config.feature_size}
        sizes = ", ".join(f"{name}={value}" for name, value in fields.items())
        return sizes if config.model_type == "multitask" else f"{config.model_type}, {sizes}"

    def lines(self) -> tuple[str, ...]:
        """What the document prints for a folder, and what is not told by anybody."""
        if self.config is None:
            return (f"[!!] No config for: {self.name}", f"  {self.problem}")
        untold = (f"  Not told: {'; '.join(self.untold)}",) if self.untold else ()
        return (
            f"[OK] {'Generated' if self.written else 'Kept'} config for: {self.name}",
            f"  Location: {self.location}",
            f"  Architecture: {self.architecture}",
            *untold,
        )

    def to_plain(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "name": self.name,
            "location": str(self.location),
            "written": self.written,
            "architecture": self.architecture,
            "config": None if self.config is None else self.config.model_dump(mode="json"),
            "untold": list(self.untold),
            "problem": self.problem,
        }


def generate_configs(folder: str | Path, stated: str | Path | None = None) -> Iterator[Generated]:
    """Each folder at or below `folder` that holds a checkpoint, in order; missing configurations are written.

    stated : a JSON file of what the tensors cannot tell (class names, labels, input, description, …), written into
    each. A checkpoint that cannot be read is told as a problem and does not stop the others.

    Raises
    ------
    ConfigError : `stated` is missing or no JSON object.
    """
    asked = None if stated is None else read_config_file(Path(stated))
    root = Path(folder)
    for place in sorted({root, *(found for found in root.rglob("*") if found.is_dir())}):
        checkpoint = next((place / name for name in PREFERRED if (place / name).is_file()), None)
        if checkpoint is None:
            checkpoint = next((p for p in sorted(place.iterdir()) if p.suffix in ENDINGS), None)
        if checkpoint is not None:
            yield _one(place, checkpoint, asked)


def _one(place: Path, checkpoint: Path, asked: Mapping[str, Any] | None) -> Generated:
    location = place / CONFIG_NAME
    existed = location.exists()
    try:
        config = ModelConfig.load(location) if existed else describe_checkpoint(checkpoint, asked)
    except (CheckpointError, ConfigError, WorkerBreach) as error:
        return Generated(place.name, location, None, written=False, problem=str(error))
    if not existed:
        config.save(location)
    return Generated(place.name, location, config, written=not existed, untold=_untold(config))


def _untold(config: ModelConfig) -> tuple[str, ...]:
    said = []
    if config.task is not Task.SEGMENTATION and not config.classes:
        said.append("names of the classes")
    if config.task is not Task.CLASSIFICATION and not config.labels:
        said.append("names of the labels")
    if config.input is None:
        said.append(f"how pictures are prepared (an import assumes {default_preset(config)}, and says so)")
    return tuple(said)
