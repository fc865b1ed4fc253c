"""S2's `config.json`: the model that is meant where nobody names one.

Owns reading the choice and holding it against the file: a wrong path, type or version is said, never overlooked.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.models.claimed_name import parse_name, semantic
from core.models.config import read_config_file
from core.models.importing import open_checkpoint
from core.models.model import Model

_Stamp = tuple[int, int, int]

_memo: dict[Path, tuple[tuple[_Stamp, _Stamp], Model]] = {}
"""The last choice of a file, while it and the checkpoint stay what they were: pages ask at each click."""


class Selection(BaseModel):
    """The three keys of the document; a configuration may hold others, for training."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    model_path: str = Field(min_length=1, max_length=1000)
    model_type: str = Field("", max_length=64)
    model_version: str = Field("", max_length=64)


def read_selection(path: Path) -> Model:
    """The model that a `config.json` chooses, imported if it is a foreign checkpoint.

    Raises
    ------
    ConfigError : the file is no such choice, its path leads nowhere, or type or version are not those of the model.
    CheckpointError, WorkerBreach : the checkpoint cannot be used.
    """
    chosen = _read(path)
    file = path.parent / chosen.model_path  # an absolute path stays what it is
    if not file.exists():
        raise ConfigError(
            found=f"{path.name} chooses {chosen.model_path[:200]}, and nothing lies there.",
            why="No other model is taken in its place.",
            do=f"Correct model_path; it counts from the folder of {path.name}.",
        )
    stamps = (_stamp(path), _stamp(file))
    held = _memo.get(path)
    if held is None or held[0] != stamps:
        model = open_checkpoint(file)
        _require_type(chosen, model, path.name)
        _require_version(chosen, model, file, path.name)
        held = _memo[path] = (stamps, model)
    return held[1]


def _read(path: Path) -> Selection:
    try:
        return Selection.model_validate(read_config_file(path))
    except ValidationError as error:
        faults = "; ".join(f"{f['loc'][0]}: {f['msg']}" for f in error.errors())
        raise ConfigError(
            found=f"{path.name} chooses no model: {faults}.",
            why="The model that is meant must be named by its file.",
            do='Write {"model_path": "…", "model_type": "…", "model_version": "…"}.',
        ) from error


def _require_type(chosen: Selection, model: Model, name: str) -> None:
    """`unet_3d` and `UNet 3D` are `unet3d`; the type in the model's id will do too."""
    known = {_plain(model.architecture), _plain(parse_name(model.id).name)}
    if chosen.model_type and _plain(chosen.model_type) not in known:
        raise ConfigError(
            found=f"{name} says model_type {chosen.model_type}; the file holds a {model.architecture}.",
            why="One of the two is not the model that was meant.",
            do=f"Correct model_type, or choose another file. The file's own type is {model.architecture}.",
        )


def _require_version(chosen: Selection, model: Model, file: Path, name: str) -> None:
    stated = {semantic(model.config.version), parse_name(model.id).version, parse_name(file.name).version} - {None}
    if chosen.model_version and semantic(chosen.model_version) not in stated:
        raise ConfigError(
            found=f"{name} says model_version {chosen.model_version}; the file states "
            f"{', '.join(sorted(str(one) for one in stated)) or 'none'}.",
            why="Another version may answer otherwise.",
            do="Correct model_version, or choose the file of that version.",
        )


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _stamp(path: Path) -> _Stamp:
    held = path.stat()
    return held.st_size, held.st_mtime_ns, held.st_ino
