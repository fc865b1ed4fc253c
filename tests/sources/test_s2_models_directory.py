"""S2's snippets and files as its reader would use them: only import paths and commands are changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import ConfigError
from core.inference import Prediction
from core.models import ModelConfig, file_sha256, get_model, import_checkpoint
from core.models.model_metadata import read_metadata
from core.models.selection import read_selection
from core.settings import settings
from core.studies.synthetic import synthetic_volume
from tests.cli.conftest import FILMS, VOLUMES, Answer, film, run, shelf, shelf_folder  # noqa: F401  # fixtures
from tests.models.conftest import tiny_config, tiny_network

LOADING = """
from core.inference import TumorPredictor

# Load production model
predictor = TumorPredictor('models/final/tumor_detection_v1.pth')
"""

CONFIG = """
{
  "model_path": "models/final/tumor_detection_v1.pth",
  "model_type": "unet_3d",
  "model_version": "1.0.0"
}
"""

TINY_3D = {"model_type": "unet3d", "spatial_dims": 3, "base_filters": 4, "depth": 2, "labels": ("tumor",)}
VOLUME = {"kind": "volume", "patch": (32, 32, 32), "divisor": 4, "channels": ("T1",)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The document's folder with its final model, and the working directory above it."""
    (tmp_path / "models" / "final").mkdir(parents=True)
    config = ModelConfig.checked(TINY_3D | {"input": VOLUME})
    content = {"model_state_dict": tiny_network(config).state_dict(), "config": config.model_dump(mode="json")}
    torch.save(content, tmp_path / "models" / "final" / "tumor_detection_v1.pth")
    (tmp_path / "config.json").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    return tmp_path


@pytest.mark.seeds(12, 17, 34)
def test_the_production_model_of_the_document_is_loaded_and_chosen(project: Path) -> None:
    """The snippet and config.json lead to the same weights, and the mask lies on the image's own grid."""
    held: dict[str, Any] = {}
    exec(LOADING, held)  # noqa: S102  # the document's own text
    synthetic_volume(project / "t1.nii.gz", 1)

    answer = held["predictor"].predict(project / "t1.nii.gz")
    chosen = read_selection(Path("config.json"))

    assert isinstance(answer, Prediction)
    assert answer.label_map is not None
    assert answer.weights_sha256 == chosen.weights_sha256
    assert chosen.architecture == "unet3d"
    assert chosen.card.provenance["claimed_by_name_version"] == "1.0.0"


@pytest.mark.seeds(17)
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "model_path",
            "models/final/tumor_detection_v2.pth",
            "chooses models/final/tumor_detection_v2.pth, and nothing",
        ),
        ("model_type", "swin_unetr", "says model_type swin_unetr; the file holds a unet3d"),
        ("model_version", "2.0.0", "says model_version 2.0.0; the file states 1.0.0"),
        ("model_path", 3, "chooses no model: model_path"),
    ],
)
def test_a_wrong_path_type_or_version_says_so(project: Path, key: str, value: object, said: str) -> None:
    """No other model is taken in its place."""
    (project / "config.json").write_text(json.dumps(json.loads(CONFIG) | {key: value}))

    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        read_selection(project / "config.json")


@pytest.mark.seeds(17)
def test_predict_without_a_model_takes_the_chosen_one(
    run: Callable[..., Answer],  # noqa: F811
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And says what is missing where none is chosen."""
    synthetic_volume(project / "t1.nii.gz", 1)
    assert run("predict", "t1.nii.gz", "--out", "out").code == 2
    monkeypatch.setenv("READROOM_MODEL_CONFIG_FILE", str(project / "config.json"))
    settings.cache_clear()

    done = run("predict", "t1.nii.gz", "--out", "out", "--json")

    assert done.code == 0, done.err
    assert done.json_lines[0]["model"] == read_selection(project / "config.json").id
    (project / "config.json").write_text(CONFIG.replace("unet_3d", "swin"))
    wrong = run("predict", "t1.nii.gz", "--out", "other")
    assert wrong.code == 1
    assert "says model_type swin" in wrong.err


@pytest.mark.seeds(14)
def test_model_metadata_is_written_and_read_again(
    run: Callable[..., Answer],  # noqa: F811
    shelf: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Training, figures, data, history and deployment of each model, as the document lists them."""
    assert run("registry", "register", FILMS, "--reason", "measured").code == 0

    assert run("card", "--metadata", tmp_path / "model_metadata.json").code == 0

    films, volumes = read_metadata(tmp_path / "model_metadata.json").models
    assert (films.name, films.version, films.file) == ("tiny_films", "0.1.0", f"{FILMS}.safetensors")
    assert films.sha256 == get_model(FILMS).file_sha256
    assert [(one["what"], one["reason"]) for one in films.version_history] == [("registered", "measured")]
    assert f"--model {VOLUMES}" in volumes.deployment_instructions


@pytest.mark.seeds(1, 14, 34, 35)
def test_claims_of_an_import_begin_with_claimed_and_stand_beside_no_measurement(tmp_path: Path) -> None:
    """Conflict 2 of the seeds: what the name and both kinds of metadata say is no figure of the card."""
    config = tiny_config()
    file = tmp_path / "best_overall_val98.80_test97.30.pt"
    torch.save({"model": tiny_network(config).state_dict(), "config": config.model_dump(mode="json")}, file)
    entry = {"name": "best_overall", "file": file.name, "performance_metrics": {"recall": 0.988}}
    (tmp_path / "model_metadata.json").write_text(json.dumps({"models": [entry]}))
    info = {"name": "best_overall", "version": "1", "file_path": file.name, "metrics": {"accuracy": 0.95}}
    info["checksum"] = f"sha256:{file_sha256(file)}"
    (tmp_path / "model_info.json").write_text(json.dumps(info))

    model = import_checkpoint(file)

    claims = {name: said for name, said in model.card.provenance.items() if name.startswith("claimed_")}
    assert claims["claimed_by_name_val"] == "98.8"
    assert claims["claimed_by_name_test"] == "97.3"
    assert claims["claimed_metadata_recall"] == "0.988"
    assert claims["claimed_info_accuracy"] == "0.95"
    assert claims["claimed_info_checked"] == "checksum"
    assert model.card.metrics == ()


@pytest.mark.seeds(34)
def test_the_same_file_under_another_name_is_the_same_model(tmp_path: Path) -> None:
    """Its name claims something else, and decides nothing."""
    config = tiny_config()
    first, second = tmp_path / "a_val98.80.pt", tmp_path / "b_val12.30.pt"
    torch.save({"model": tiny_network(config).state_dict(), "config": config.model_dump(mode="json")}, first)
    second.write_bytes(first.read_bytes())

    one, other = import_checkpoint(first), import_checkpoint(second)

    assert one == other
    assert other.card.provenance["claimed_by_name_val"] == "98.8"
