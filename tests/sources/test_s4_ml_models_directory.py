"""S4's snippets as its reader would run them: only the import path is changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import services as served
from core.errors import CheckpointError
from core.inference import Prediction
from core.models import ModelConfig, file_sha256
from core.models.catalog import read_model
from core.models.loading import loaded_mib
from core.models.model_info import verify_info
from core.services import BaseMLService, ServiceState, services
from core.settings import settings
from core.studies.synthetic import synthetic_film
from tests.models.conftest import shelve, tiny_config, tiny_network  # noqa: F401  # a fixture

SNIPPET = """
from core.services import BaseMLService

class FraudDetectionService(BaseMLService):
    model_name = "fraud_detector"
    model_version = "v1"

    def predict(self, data):
        # Model is available as self.model
        return self.model.predict(data)
"""

METADATA = """
{
  "name": "fraud_detector",
  "version": "1.0.0",
  "description": "Credit card fraud detection model",
  "algorithm": "Random Forest",
  "framework": "scikit-learn",
  "created_at": "2024-01-01T00:00:00Z",
  "trained_on": "fraud_dataset_v1",
  "features": ["amount", "merchant_category", "time_of_day"],
  "target": "is_fraud",
  "metrics": {
    "accuracy": 0.95,
    "precision": 0.92,
    "recall": 0.89,
    "f1_score": 0.90
  },
  "file_path": "trained/fraud_detector_v1_20240101.pkl",
  "file_size": "2.5MB",
  "checksum": "sha256:abc123..."
}
"""

FILM = {"kind": "film", "size": [64, 64], "divisor": 4, "normalisation": "zscore"}


@pytest.fixture(autouse=True)
def no_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test defines its own, and starts with nothing loaded."""
    from core.models import loading

    monkeypatch.setattr(served, "_services", {})
    monkeypatch.setattr(loading, "_loaded", type(loading._loaded)())
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    return


def _config(**changes: Any) -> ModelConfig:
    return tiny_config(input=FILM, **changes)


def _service() -> BaseMLService:
    held: dict[str, Any] = {}
    exec(SNIPPET, held)  # noqa: S102  # the document's own text
    made = held["FraudDetectionService"]()
    assert isinstance(made, BaseMLService)
    return made


def _shelf_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READROOM_SHELF", str(path.parent.parent))
    settings.cache_clear()


@pytest.mark.seeds(36, 37, 38)
def test_the_service_of_the_document_finds_loads_and_answers(
    shelve: Callable[..., Path],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`v1` is the highest 1.x on the shelf; a path and an array answer alike."""
    for number, version in enumerate(("1.0.0", "1.2.0", "2.0.0")):
        path = shelve(f"fraud_detector_v{version}", config=_config(classes=("fine", "fraud")), seed=number)
    _shelf_of(path, monkeypatch)
    synthetic_film(tmp_path / "film.png", 1)
    service = _service()
    assert service.health().state is ServiceState.IDLE
    assert loaded_mib() == {}

    answer = service.predict(tmp_path / "film.png")

    assert isinstance(answer, Prediction)
    assert answer.model_id == "fraud_detector_v1.2.0"
    assert set(answer.scores) == {"fine", "fraud"}
    health = service.health()
    assert health.state is ServiceState.LOADED
    assert health.load_s is not None
    assert health.memory_mib == pytest.approx(sum(loaded_mib().values()))
    array = np.random.default_rng(0).uniform(0, 255, (80, 90))
    assert set(service.predict(array).scores) == {"fine", "fraud"}


@pytest.mark.seeds(36, 37)
def test_services_discover_themselves(shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Defining the class is all that its author does."""
    _shelf_of(shelve("fraud_detector_v1.0.0", config=_config()), monkeypatch)

    service = _service()

    assert list(services()) == ["fraud_detector:v1"]
    assert services()["fraud_detector:v1"] is type(service)


@pytest.mark.seeds(34, 37)
def test_the_place_comes_from_the_environment_and_the_newest_file_of_the_version_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document's folder, with files of its naming convention; one is a plain PyTorch dictionary."""
    trained = tmp_path / "models" / "trained"
    trained.mkdir(parents=True)
    config = _config()
    for number, name in enumerate(
        ("fraud_detector_v1_20240101", "fraud_detector_v1_20240201", "fraud_detector_v2_20240301", "other_v1_20250101")
    ):
        content = {
            "model_state_dict": tiny_network(config, number).state_dict(),
            "config": config.model_dump(mode="json"),
        }
        torch.save(content, trained / f"{name}.pth")
    monkeypatch.setenv("READROOM_MODEL_PATHS", json.dumps({"fraud_detector": str(tmp_path / "models")}))
    settings.cache_clear()

    model = _service().model

    assert model.handle.card.provenance["source_sha256"] == file_sha256(trained / "fraud_detector_v1_20240201.pth")


@pytest.mark.seeds(32, 33, 37)
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("fraud_detector_v1_20240101.pkl", b"\x80\x04}q\x00.", "The file is a plain Python pickle"),
        ("fraud_detector_v1_20240101.joblib", b"\x80\x04\x95\x8c\x06joblib.", "The file is a joblib file"),
        ("scaler.pkl", b"\x80\x04\x95\x8c\x1bsklearn.preprocessing._data\x94.", "preprocessing artefact"),
    ],
)
def test_a_pickle_is_broken_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, why: str
) -> None:
    """Conflict 5 of the seeds: the document's default format is recognised and never opened; what to do is said."""
    (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("READROOM_MODEL_PATHS", json.dumps({"fraud_detector": str(tmp_path / name)}))
    settings.cache_clear()

    health = _service().health()

    assert health.state is ServiceState.BROKEN
    assert why in health.why


@pytest.mark.seeds(35, 40)
def test_the_metadata_of_the_document_is_read_and_its_checksum_verified(tmp_path: Path) -> None:
    """With a whole checksum in the place of the abbreviated one; a changed file is told."""
    folder = tmp_path / "models"
    (folder / "trained").mkdir(parents=True)
    (folder / "metadata").mkdir()
    file = folder / "trained" / "fraud_detector_v1_20240101.pkl"
    file.write_bytes(bytes(2_480_000))
    metadata = folder / "metadata" / "model_info.json"
    metadata.write_text(METADATA.replace("abc123...", file_sha256(file)))

    described = verify_info(metadata)

    assert described.file == file
    assert described.checked == ("size", "checksum")
    assert described.info.features == ("amount", "merchant_category", "time_of_day")
    assert described.info.claims()["claimed_info_accuracy"] == "0.95"
    file.write_bytes(bytes(2_479_999) + b"x")
    with pytest.raises(CheckpointError, match="the file has"):
        verify_info(metadata)


@pytest.mark.seeds(35, 40)
def test_a_model_that_is_not_the_one_of_its_metadata_is_not_served(
    shelve: Callable[..., Path],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Validated before it is loaded."""
    file = tmp_path / "models" / "fraud_detector_v1_20240101.safetensors"
    file.parent.mkdir()
    shutil.copy(shelve("fraud_detector_v1.0.0", config=_config()), file)
    info = {"name": "fraud_detector", "version": "1.0.0", "file_path": file.name, "checksum": "sha256:" + "0" * 64}
    (file.parent / "model_info.json").write_text(json.dumps(info))
    monkeypatch.setenv("READROOM_MODEL_PATHS", json.dumps({"fraud_detector": str(file)}))
    settings.cache_clear()
    service = _service()
    assert service.health().state is ServiceState.BROKEN
    assert "Its metadata says sha256 000000000000…" in service.health().why

    info["checksum"] = f"sha256:{file_sha256(file)}"
    (file.parent / "model_info.json").write_text(json.dumps(info))

    assert service.health().state is ServiceState.IDLE
    assert service.model.handle.weights_sha256 == read_model(file).weights_sha256
