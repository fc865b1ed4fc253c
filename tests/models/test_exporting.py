"""Out in another format and in again: the checkpoint that comes back is the one that went, byte for byte."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from safetensors import safe_open

from core import NOTICE
from core.errors import CheckpointError, ConfigError
from core.models import get_model, import_checkpoint
from core.models.catalog import read_model
from core.models.exporting import export_model
from core.models.facts import seal
from core.models.formats import ExportFormat
from core.models.hashing import weights_sha256
from core.settings import settings


@pytest.fixture(autouse=True)
def empty_shelf(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A shelf without our own checkpoints: what comes back is a newcomer."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path_factory.mktemp("shelf")))
    settings.cache_clear()


@pytest.mark.seeds(13)
@pytest.mark.parametrize("form", list(ExportFormat))
def test_what_is_exported_is_imported_again_as_the_same_checkpoint(
    form: ExportFormat, tmp_path: Path, shelve: Callable[..., Path]
) -> None:
    """Weights, configuration, card and points: nothing is lost on the way through any format."""
    model = read_model(shelve("tiny_v1.0.0", "multitask"))
    export_model(model, form, tmp_path / "out")

    back = import_checkpoint(tmp_path / "out")

    assert (back.id, back.weights_sha256) == (model.id, model.weights_sha256)
    assert back.path.read_bytes() == model.path.read_bytes()
    assert get_model("tiny_v1.0.0").verified
    with pytest.raises(ConfigError, match="sealed with its weights"):
        import_checkpoint(tmp_path / "out", id="other_v1.0.0")


def test_weights_that_are_stored_in_half_come_back_in_half(tmp_path: Path, shelve: Callable[..., Path]) -> None:
    """Shipped checkpoints are; their hash, to which results are bound, is over halves."""
    from tests.models.conftest import tiny_config, tiny_network

    config = tiny_config("mobilenet_v3_small")
    network = tiny_network(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half().float())
    from core.models import save_model_with_config

    path = tmp_path / "shelf" / "half_v1.0.0" / "model.safetensors"
    save_model_with_config(network, path, config, stored="float16")
    model = read_model(path)
    export_model(model, ExportFormat.TORCHSCRIPT, tmp_path / "out.pt")

    assert import_checkpoint(tmp_path / "out.pt").path.read_bytes() == path.read_bytes()


def test_every_format_says_what_it_is_in_its_own_place(tmp_path: Path, shelve: Callable[..., Path]) -> None:
    """A file that is passed on must carry its notice and its names with it."""
    model = read_model(shelve("tiny_v1.0.0", "unet2d"))
    for form in ExportFormat:
        export_model(model, form, tmp_path / form)

    graph = onnx.load(tmp_path / "onnx")
    with safe_open(tmp_path / "safetensors", framework="pt") as file:
        header = file.metadata()
    with zipfile.ZipFile(tmp_path / "torchscript") as archive:
        extra = next(json.loads(archive.read(name)) for name in archive.namelist() if name.endswith("readroom.json"))
    plain = torch.load(tmp_path / "pth", weights_only=True)
    for said in ({entry.key: entry.value for entry in graph.metadata_props}, header, extra, plain):
        assert said["notice"] == NOTICE
        assert said["weights_sha256"] == model.weights_sha256
        assert json.loads(said["labels"]) == list(model.labels)
    assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 18)]


def test_an_export_whose_weights_were_changed_is_refused(tmp_path: Path, shelve: Callable[..., Path]) -> None:
    """The record vouches for these weights and no others."""
    export_model(read_model(shelve("tiny_v1.0.0", "multitask")), ExportFormat.PTH, tmp_path / "m.pth")
    content = torch.load(tmp_path / "m.pth", weights_only=True)
    next(iter(content["model_state_dict"].values())).view(-1)[0] += 1
    torch.save(content, tmp_path / "m.pth")

    with pytest.raises(CheckpointError, match="exported from a model of ours, and changed since"):
        import_checkpoint(tmp_path / "m.pth")


def test_a_record_sealed_anew_around_other_tensors_is_refused(tmp_path: Path, shelve: Callable[..., Path]) -> None:
    """Whoever rewrites every hash still has to bring a whole network of the configuration."""
    export_model(read_model(shelve("tiny_v1.0.0", "multitask")), ExportFormat.PTH, tmp_path / "m.pth")
    content = torch.load(tmp_path / "m.pth", weights_only=True)
    del content["model_state_dict"]["classification_head.bias"]
    record = json.loads(content["readroom"])
    record["facts"]["weights_sha256"] = weights_sha256(content["model_state_dict"])
    record["facts"]["facts_sha256"] = seal(record["facts"])
    torch.save({**content, "readroom": json.dumps(record)}, tmp_path / "m.pth")

    with pytest.raises(CheckpointError, match="1 missing"):
        import_checkpoint(tmp_path / "m.pth")
