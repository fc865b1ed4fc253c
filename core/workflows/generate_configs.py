"""Writing `model_config.json` into folders of checkpoints that lack one (S3's generator).

Sizes are read from the tensors by importing each checkpoint in the isolated worker; nothing is guessed, and
an existing configuration is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError, ConfigError, WorkerBreach
from core.models._resolve import DEFAULT
from core.models.config import CONFIG_NAME, ModelConfig
from core.models.importing import PREFERRED, read_checkpoint


@dataclass(frozen=True, slots=True)
class Generated:
    """One folder: its name, where its configuration lies, and the sizes, or why there is none."""

    name: str
    location: Path
    config: ModelConfig | None
    written: bool
    problem: str | None = None

    def lines(self) -> tuple[str, ...]:
        """What the document prints for a folder."""
        if self.config is None:
            return (f"[!!] No config for: {self.name}", f"  {self.problem}")
        word = "Generated" if self.written else "Kept"
        sizes = f"base_filters={self.config.base_filters}, depth={self.config.depth}"
        return (
            f"[OK] {word} config for: {self.name}",
            f"  Location: {self.location}",
            f"  Architecture: {sizes if self.config.model_type == 'multitask' else self.config.model_type}",
        )


def generate_configs(folder: str | Path) -> Iterator[Generated]:
    """Each folder at or below `folder` that holds a checkpoint, in order; missing configurations are written.

    A checkpoint that cannot be read is told as a problem and does not stop the others.
    """
    root = Path(folder)
    for place in sorted({root, *(found for found in root.rglob("*") if found.is_dir())}):
        checkpoint = next((place / name for name in PREFERRED if (place / name).is_file()), None)
        if checkpoint is None:
            checkpoint = next((p for p in sorted(place.iterdir()) if p.suffix in (".pth", ".pt")), None)
        if checkpoint is not None:
            yield _one(place, checkpoint)


def _one(place: Path, checkpoint: Path) -> Generated:
    location = place / CONFIG_NAME
    existed = location.exists()
    try:
        config = ModelConfig.load(location) if existed else _read(checkpoint)
    except (CheckpointError, ConfigError, WorkerBreach) as error:
        return Generated(place.name, location, None, written=False, problem=str(error))
    if not existed:
        config.save(location)
    return Generated(place.name, location, config, written=not existed)


def _read(checkpoint: Path) -> ModelConfig:
    content = read_checkpoint(checkpoint)
    if content.origin == DEFAULT:
        raise ConfigError(
            found="The tensors are of no known architecture, so their sizes cannot be read off.",
            why="A guessed configuration is how training and inference come to disagree.",
            do="Write the configuration where the model was trained.",
        )
    return content.config
