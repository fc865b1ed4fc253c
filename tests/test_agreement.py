"""The same study through the page's workflow, the command line and the library: identical numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.inference import TumorPredictor
from core.inference.prediction import Prediction
from core.models import ModelConfig, build_network, get_model, list_models, save_model_with_config
from core.models.model import Model
from core.settings import settings
from core.studies.study import Kind
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows.open_study import open_study
from core.workflows.run_prediction import find_result, start_run
from core.workspace import Workspace, jobs

REPOSITORY = Path(__file__).resolve().parent.parent
PATIENCE_S = 240


@dataclass(frozen=True)
class Numbers:
    """What a result says, without how long it took."""

    scores: dict[str, float]
    volumes_ml: dict[str, float | None]
    voxels: dict[str, int]
    input_sha256: str
    weights_sha256: str

    @classmethod
    def of(cls, made: Prediction) -> Numbers:
        """Of a prediction in this process."""
        return cls(dict(made.scores), dict(made.volumes_ml), dict(made.voxels), made.input_sha256, made.weights_sha256)

    @classmethod
    def told(cls, line: dict[str, Any]) -> Numbers:
        """Of an answer of the command line."""
        return cls(
            line.get("scores", {}),
            line.get("volumes_ml", {}),
            line.get("voxels", {}),
            line["input_sha256"],
            line["weights_sha256"],
        )


@pytest.fixture
def tiny_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    """A network of both heads for films, and a segmentation network for volumes, seeded."""
    torch.manual_seed(5)
    films = {
        "model_type": "multitask",
        "base_filters": 4,
        "depth": 2,
        "classes": ("normal", "finding"),
        "labels": ("spot",),
        "input": {"kind": "film", "size": (96, 96), "divisor": 4, "normalisation": "zscore"},
    }
    volumes = {
        "model_type": "unet3d",
        "spatial_dims": 3,
        "base_filters": 4,
        "depth": 2,
        "labels": ("front", "back"),
        "input": {"kind": "volume", "patch": (32, 32, 32), "divisor": 4, "spacing_mm": (1.0, 1.0, 1.0)},
    }
    for name, fields in (("films_v0.0.1", films), ("volumes_v0.0.1", volumes)):
        config = ModelConfig.checked(fields)
        save_model_with_config(build_network(config).eval(), tmp_path / "shelf" / name / f"{name}.safetensors", config)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    settings.cache_clear()
    return list_models()


def _through_the_page(path: Path, model: Model) -> Prediction:
    workspace = Workspace("a" * 43)
    case = workspace.add_study(open_study([path]))
    job = start_run(workspace, [case], model)
    deadline = time.monotonic() + PATIENCE_S
    while jobs.get(workspace, job).state is jobs.JobState.RUNNING and time.monotonic() < deadline:
        time.sleep(0.05)
    found = find_result(workspace, case, model)
    assert found is not None, jobs.get(workspace, job)
    return found


def _through_the_command_line(path: Path, model: Model, out: Path, *options: str) -> dict[str, Any]:
    typed = ["predict", "--model", model.id, str(path), "--out", str(out), "--json", *options]
    done = subprocess.run(
        [sys.executable, "-m", "core", *typed], cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True,
        check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _agree(path: Path, model: Model, out: Path) -> None:
    library = TumorPredictor(model.path).predict(path)
    page = _through_the_page(path, model)
    plain = _through_the_command_line(path, model, out / "plain")

    assert Numbers.of(page) == Numbers.of(library) == Numbers.told(plain)
    if model.classes:
        explained = _through_the_command_line(path, model, out / "explained", "--explain")
        assert Numbers.told(explained) == Numbers.told(plain)
    kept = json.loads((out / "plain" / "case-01_result.json").read_text())
    assert kept["scores"] == dict(library.scores)
    assert kept["volumes_ml"] == dict(library.volumes_ml)
    if library.label_map is not None:
        assert page.label_map is not None
        np.testing.assert_array_equal(page.label_map, library.label_map)


def test_film_gives_identical_numbers_by_all_three_ways(tiny_shelf: list[Model], tmp_path: Path) -> None:
    """Two numbers for one film, and nobody knows which to report."""
    synthetic_film(tmp_path / "film.png", 4)

    _agree(tmp_path / "film.png", get_model("films_v0.0.1"), tmp_path)


def test_volume_gives_identical_numbers_by_all_three_ways(tiny_shelf: list[Model], tmp_path: Path) -> None:
    """The same for millilitres and every voxel."""
    synthetic_volume(tmp_path / "volume.nii.gz", 4)

    _agree(tmp_path / "volume.nii.gz", get_model("volumes_v0.0.1"), tmp_path)


def _shipped(kind: Kind) -> Model:
    fitting = [m for m in list_models() if m.input.kind is kind and m.problem is None and not m.members]
    if not fitting:
        pytest.skip(f"no model for a {kind} on the shelf")
    return fitting[0]


@pytest.mark.realdata
def test_real_film_gives_identical_numbers_by_all_three_ways(shared_data: Path, tmp_path: Path) -> None:
    """A shipped classifier on a real film."""
    _agree(sorted((shared_data / "xray" / "originals").glob("*.jpeg"))[0], _shipped(Kind.FILM), tmp_path)


@pytest.mark.realdata
def test_real_volume_gives_identical_numbers_by_all_three_ways(shared_data: Path, tmp_path: Path) -> None:
    """A shipped segmentation network on a real DICOM series."""
    _agree(shared_data / "mri" / "dicom" / "hippocrop_32.zip", _shipped(Kind.VOLUME), tmp_path)
