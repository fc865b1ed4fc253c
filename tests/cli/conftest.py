"""A shelf of two tiny seeded models, two synthetic files to show them, and the command line called in process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from core.cli import app
from core.models import ModelConfig, build_network, save_model_with_config
from core.settings import settings
from core.studies.synthetic import synthetic_film, synthetic_volume

FILMS, VOLUMES = "tiny_films_v0.1.0", "tiny_volumes_v0.1.0"


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json_lines(self) -> list[Any]:
        """One JSON value a line of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of films and a segmentation network of volumes, each of a few thousand weights."""
    folder = tmp_path_factory.mktemp("shelf")
    torch.manual_seed(3)
    films = ModelConfig.checked(
        {
            "model_type": "multitask",
            "base_filters": 4,
            "depth": 2,
            "classes": ("normal", "=finding"),
            "labels": ("spot",),
            "input": {"kind": "film", "size": (64, 64), "divisor": 4, "normalisation": "zscore"},
        }
    )
    volumes = ModelConfig.checked(
        {
            "model_type": "unet3d",
            "spatial_dims": 3,
            "base_filters": 4,
            "depth": 2,
            "labels": ("front", "back"),
            "input": {"kind": "volume", "patch": (32, 32, 32), "divisor": 4, "channels": ("T1",)},
        }
    )
    for name, config in ((FILMS, films), (VOLUMES, volumes)):
        save_model_with_config(build_network(config).eval(), folder / name / f"{name}.safetensors", config)
    return folder


@pytest.fixture
def shelf(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny shelf in place of our own."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf_folder))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    settings.cache_clear()
    return shelf_folder


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic PNG."""
    path = tmp_path_factory.mktemp("brought") / "film.png"
    synthetic_film(path, 1)
    return path


@pytest.fixture(scope="session")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic NIfTI volume."""
    path = tmp_path_factory.mktemp("brought") / "volume.nii.gz"
    synthetic_volume(path, 1)
    return path


@pytest.fixture
def run() -> Callable[..., Answer]:
    """`run("models", "--json")` in this process."""

    def call(*arguments: object) -> Answer:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="python -m core")
        return Answer(done.exit_code, done.stdout, done.stderr)

    return call
