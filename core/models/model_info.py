"""S4's metadata beside a model (`model_info.json`): read, checked, and its checksum held against the file.

Owns that form. Its figures are claims of whoever wrote it; what a model is, its own file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import CheckpointError, ConfigError
from core.models.config import read_config_file
from core.models.hashing import file_sha256

INFO_NAME = "model_info.json"
"""Beside a model, or in `metadata/` above; `<name of the file>.json` is looked for first."""

Text = Annotated[str, Field(max_length=2000)]
_SIZE = re.compile(r"(\d{1,9}(?:\.(\d{1,3}))?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?", re.IGNORECASE)
_UNITS = {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30}
BINARY_SLACK = 2.0**30 / 1e9
"""Many programs write MB and mean MiB."""


class ModelInfo(BaseModel):
    """The fields of the document; keys beside them are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(min_length=1, max_length=64)
    description: Text = ""
    algorithm: Text = ""
    framework: Text = ""
    created_at: str = Field("", max_length=64)
    trained_on: Text = ""
    features: tuple[Text, ...] = Field((), max_length=4096)
    target: Text = ""
    metrics: dict[str, float] = Field(default_factory=dict, max_length=256)
    file_path: str = Field("", max_length=1000)
    file_size: int | str = ""
    checksum: str = Field("", max_length=200)

    def claims(self) -> dict[str, str]:
        """What goes into a card's provenance: texts and figures, as claims."""
        said = {name: getattr(self, name) for name in ("name", "version", "algorithm", "framework", "target")}
        said |= {"trained_on": self.trained_on, "created_at": self.created_at, "features": ", ".join(self.features)}
        kept = {f"claimed_info_{name}": value[:200] for name, value in said.items() if value}
        return kept | {f"claimed_info_{name[:60]}": f"{value:g}" for name, value in self.metrics.items()}


@dataclass(frozen=True, slots=True)
class Described:
    """A file with the metadata that describes it. checked : what was verified, in words."""

    file: Path
    info: ModelInfo
    checked: tuple[str, ...]


def read_info(path: Path) -> ModelInfo:
    """The metadata in a file.

    Raises
    ------
    ConfigError : missing, too large, no JSON object, or a field is wrong.
    """
    try:
        return ModelInfo.model_validate(read_config_file(path))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(p) for p in f['loc'])}: {f['msg']}" for f in error.errors()[:5])
        raise ConfigError(
            found=f"The metadata {path.name[:80]} does not fit: {faults}.",
            why="What cannot be read whole cannot be held against the model's file.",
            do=f"Correct these fields. The known ones are: {', '.join(ModelInfo.model_fields)}.",
        ) from error


def verify_info(path: Path) -> Described:
    """The file that a metadata file describes, found and held against its size and checksum.

    Raises
    ------
    ConfigError : the metadata is wrong, or names no file below its own folder or the one above.
    CheckpointError : the file is another one.
    """
    info = read_info(path)
    return _checked(_named_file(info, path), info)


def find_info(file: Path) -> ModelInfo | None:
    """The metadata that lies beside a file, or in `metadata/` above, and names it; None where there is none."""
    for path in _candidates(file):
        # Any other JSON of that name is none of ours to judge.
        if path.is_file() and {"name", "version"} <= read_config_file(path).keys():
            info = read_info(path)
            if not info.file_path or PurePosixPath(info.file_path).name == file.name:
                return info
    return None


def require_described(file: Path) -> Described | None:
    """Hold a file against the metadata that lies with it; None where there is none.

    Raises
    ------
    ConfigError, CheckpointError : as `verify_info`.
    """
    info = find_info(file) if file.is_file() else None
    return None if info is None else _checked(file, info)


def _candidates(file: Path) -> Iterator[Path]:
    yield file.with_suffix(".json")
    for folder in (file.parent, file.parent / "metadata", file.parent.parent / "metadata"):
        yield folder / INFO_NAME


def _named_file(info: ModelInfo, path: Path) -> Path:
    named = PurePosixPath(info.file_path)
    outside = named.is_absolute() or ".." in named.parts or "\\" in info.file_path or not named.parts
    roots = () if outside else (path.parent, path.parent.parent)
    found = next((root / named for root in roots if (root / named).is_file()), None)
    if found is None:
        raise ConfigError(
            found=f"The metadata names the file {info.file_path[:120]!r}, which is not there.",
            why="A checksum without its file proves nothing.",
            do="Write file_path relative to the metadata, or to the folder above it.",
        )
    return found


def _checked(file: Path, info: ModelInfo) -> Described:
    checked = []
    size = file.stat().st_size
    if info.file_size != "":
        if not _fits(info.file_size, size):
            raise _other(f"Its metadata says {info.file_size}; the file has {size:,} bytes.")
        checked.append("size")
    if info.checksum:
        kind, _, wanted = info.checksum.partition(":")
        if kind.lower() != "sha256" or not re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
            raise ConfigError(
                found=f"The checksum {info.checksum[:80]!r} is no whole SHA-256.",
                why="A part of one, or another kind, is not verified here.",
                do="Write sha256: and 64 hex digits.",
            )
        found = file_sha256(file)
        if found != wanted.lower():
            raise _other(f"Its metadata says sha256 {wanted[:12]}…; the file has {found[:12]}….")
        checked.append("checksum")
    return Described(file, info, tuple(checked))


def _fits(said: int | str, size: int) -> bool:
    """Whether a size in words is that of the file, by half a unit of its last digit."""
    if isinstance(said, int):
        return said == size
    found = _SIZE.fullmatch(said.strip())
    if found is None:
        return False
    unit = _UNITS[(found[3] or "B").lower()]
    value, half = float(found[1]) * unit, 0.5 * 10.0 ** -len(found[2] or "") * unit
    slack = BINARY_SLACK if unit >= 1e3 else 1.0
    return value - half <= size <= (value + half) * slack


def _other(found: str) -> CheckpointError:
    return CheckpointError(
        found=found,
        why="The file is not the one that the metadata describes.",
        do="Bring the file that belongs to it, or write the metadata anew.",
    )
