"""The whole way in: file -> isolated worker -> store -> catalogue -> network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import CheckpointError, ConfigError
from core.models import ModelConfig, get_model, import_checkpoint, list_models, load_network, open_checkpoint
from core.models.config import CONFIG_NAME
from core.models.loading import self_test_state
from core.settings import settings

from .conftest import tiny_config, tiny_network


@pytest.fixture(autouse=True)
def empty_shelf(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A shelf without our own checkpoints, so that what is listed is what was imported."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path_factory.mktemp("shelf")))
    settings.cache_clear()


S1_CONFIG = {"model": "mobilenet_v3_small", "img_size": 384, "lr": 0.0001}


def s1_content(**changes: Any) -> dict[str, Any]:
    """A checkpoint of exactly S1's shape."""
    network = tiny_network(tiny_config("mobilenet_v3_small"))
    return {
        "model": network.state_dict(), "config": S1_CONFIG, "classes": ["normal", "pneumonia"], "epoch": 38,
        "best_recall": np.float64(0.9906), "optimizer": {"state": {}, "param_groups": []},
    } | changes  # fmt: skip


@pytest.mark.seeds(1, 13)
def test_a_checkpoint_of_s1s_shape_is_imported_listed_and_answers_as_before(tmp_path: Path, home: Path) -> None:
    """The whole first row: file, configuration, classes, weights, and the same logits."""
    torch.save(s1_content(), tmp_path / "best_sensitivity_pneumonia99.06.pt")

    model = import_checkpoint(tmp_path / "best_sensitivity_pneumonia99.06.pt")

    assert (model.architecture, model.classes) == ("mobilenet_v3_small", ("normal", "pneumonia"))
    assert model.input.size == (384, 384)
    assert model.card.maturity == "imported"
    assert any("normalisation = imagenet" in line for line in model.card.assumed)
    assert model.card.provenance["claimed_best_recall"] == "0.9906"
    assert model.card.metrics == ()
    assert model.notes == ("Left out, because predicting does not need it: optimizer.",)
    assert model.path.parent.name == model.file_sha256
    assert model.path.parent.parent == home / "store"
    assert [m.id for m in list_models()] == [model.id]
    array = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = tiny_network(tiny_config("mobilenet_v3_small"))(array)
        torch.testing.assert_close(load_network(model)(array), expected, rtol=1e-5, atol=1e-5)
    assert self_test_state(model) == "passed"


@pytest.mark.seeds(12, 13, 29)
def test_a_folder_of_s3s_shape_opens_in_one_line_with_its_sizes_from_the_file(tmp_path: Path) -> None:
    """best_model.pth with model_config.json beside it; wrapped, compiled and in half precision on top."""
    network = tiny_network(tiny_config())
    state = {f"module._orig_mod.{k}": v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    torch.save({"model_state_dict": state, "epoch": 1}, tmp_path / "best_model.pth")
    ModelConfig(base_filters=4, depth=2, description="joint", trained_on="two sets").save(tmp_path / CONFIG_NAME)

    model = open_checkpoint(tmp_path)

    assert (model.config.base_filters, model.config.depth) == (4, 2)
    assert (model.card.summary, model.card.trained_on) == ("joint", "two sets")
    assert model.origins["base_filters"] == "model_config.json"
    assert model.origins["input.size"] == "assumed: slice-256"
    assert model.notes == (
        "The prefix module._orig_mod. was taken off every name.", "Weights of float16 are kept as float32.",
    )  # fmt: skip
    load_network(model)
    with pytest.raises(ConfigError, match="base_filters = 32, the tensors say 4; depth = 3, the tensors say 2"):
        open_checkpoint(tmp_path / "best_model.pth", overrides={"base_filters": 32, "depth": 3})
    assert open_checkpoint(tmp_path, overrides={"base_filters": 4, "depth": None}).id == model.id


def test_importing_twice_keeps_one_and_a_taken_id_is_refused(tmp_path: Path) -> None:
    """Content is the address; an id is a name that results carry."""
    torch.save(s1_content(), tmp_path / "a.pt")
    torch.save(tiny_network(tiny_config()).state_dict(), tmp_path / "b.pt")

    first = import_checkpoint(tmp_path / "a.pt", id="chest_v1.0.0")
    again = import_checkpoint(tmp_path / "a.pt", id="chest_v1.0.0")

    assert first == again
    with pytest.raises(ConfigError, match=r"chest_v1\.0\.0 belongs to another model"):
        import_checkpoint(tmp_path / "b.pt", id="chest_v1.0.0")
    torch.save(s1_content()["model"], tmp_path / "bare.pt")
    with pytest.raises(ConfigError, match=r"weights are here already, from another file, as chest_v1\.0\.0"):
        import_checkpoint(tmp_path / "bare.pt", id="chest_v1.0.0")
    with pytest.raises(ConfigError, match="not usable"):
        import_checkpoint(tmp_path / "b.pt", id="../chest")
    assert [m.id for m in list_models()] == ["chest_v1.0.0"]


def test_what_is_stated_with_the_command_goes_into_the_model(tmp_path: Path) -> None:
    """As a file or as values; nothing of it is assumed any more."""
    config = ModelConfig.checked({"model_type": "unet3d", "base_filters": 4, "depth": 2, "in_channels": 4})
    torch.save(tiny_network(config).state_dict(), tmp_path / "m.pt")
    with pytest.raises(ConfigError, match="reads 4 channels and the file does not name them"):
        import_checkpoint(tmp_path / "m.pt")
    channels = ["T1", "T1c", "T2", "FLAIR"]
    stated = {"labels": ["lesion"], "input": {"channels": channels, "spacing_mm": [2, 2, 2]}}
    (tmp_path / "stated.json").write_text(json.dumps(stated))

    model = import_checkpoint(tmp_path / "m.pt", config=tmp_path / "stated.json")

    assert model.channels == tuple(channels)
    assert model.labels == ("lesion",)
    assert model.origins["input.spacing_mm"] == "asked"
    assert not any("spacing" in line for line in model.card.assumed)
    assert import_checkpoint(tmp_path / "m.pt", config=stated) == model


@pytest.mark.seeds(31)
def test_refusals_of_the_worker_arrive_as_they_are_and_leave_nothing_behind(tmp_path: Path, home: Path) -> None:
    """Contradiction, unknown tensors, NaN, another kind, code: each in its own words."""
    trap = tmp_path / "trap"

    class Wish:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {trap}",)

    state = s1_content()["model"]
    nan = {name: torch.full_like(t, float("nan")) if t.is_floating_point() else t for name, t in state.items()}
    cases: list[tuple[Any, type[Exception], str]] = [
        (s1_content(config={"model": "resnet18"}), ConfigError, "resnet18.*the tensors say mobilenet_v3_small"),
        ({k: v for k, v in state.items() if "classifier" not in k}, CheckpointError, "nearest is mobilenet_v3_small"),
        (nan, CheckpointError, "NaN or infinite"),
        (s1_content(classes=Wish()), CheckpointError, r"asks for posix\.system"),
    ]
    for content, error, said in cases:
        torch.save(content, tmp_path / "m.pt")
        with pytest.raises(error, match=said):
            import_checkpoint(tmp_path / "m.pt")
    (tmp_path / "m.pt").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(CheckpointError, match="HDF5"):
        import_checkpoint(tmp_path / "m.pt")

    assert not trap.exists()
    assert list((home / "store").iterdir()) == []
    assert list_models() == []


def test_a_checkpoint_of_ours_is_taken_as_it_is(tmp_path: Path, shelve: Callable[..., Path]) -> None:
    """Its facts are sealed: no new id and no new configuration; a changed byte is not brought in."""
    path = shelve(name="mobilenet_v3_small")
    model = import_checkpoint(path)

    assert (model.id, model.card.maturity) == ("tiny_v1.0.0", "early")
    assert model.path.read_bytes() == path.read_bytes()
    assert get_model("tiny_v1.0.0") == model
    assert open_checkpoint(path).path == path
    with pytest.raises(ConfigError, match="already one of our own"):
        import_checkpoint(path, id="other_v1.0.0")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    (tmp_path / "changed.bin").write_bytes(content)
    with pytest.raises(CheckpointError, match="Checksum differs"):
        import_checkpoint(tmp_path / "changed.bin")


def test_a_folder_with_two_unnamed_checkpoints_is_a_question(tmp_path: Path) -> None:
    """The better-known names are preferred; between strangers nobody chooses."""
    for name in ("epoch_10.pth", "epoch_20.pth"):
        torch.save(tiny_network(tiny_config()).state_dict(), tmp_path / name)
    with pytest.raises(ConfigError, match="holds 2 checkpoints"):
        open_checkpoint(tmp_path)


def test_importing_needs_no_torch_in_this_process(tmp_path: Path, home: Path) -> None:
    """The command line stays light, and nothing foreign is opened where users are served."""
    torch.save(s1_content(), tmp_path / "m.pt")
    code = (
        "import sys; from core.models import import_checkpoint;"
        f"model = import_checkpoint({str(tmp_path / 'm.pt')!r});"
        "print(model.id, 'torch' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    name, imported = run.stdout.split()
    assert imported == "False"
    assert get_model(name).verified
