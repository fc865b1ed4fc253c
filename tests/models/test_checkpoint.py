"""Saving and loading the pair of weights and configuration, in both forms."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import CheckpointError, ConfigError
from core.models import (
    Card,
    ModelConfig,
    create_multi_task_model,
    load_model_with_config,
    save_model_with_config,
    weights_sha256,
)
from core.models.catalog import read_model
from core.models.config import CONFIG_NAME
from core.models.tensor_file import read_header

from .conftest import point, tiny_config, tiny_network


def trained(config: ModelConfig) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A network after one step, so that the optimiser has a state."""
    network = tiny_network(config).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    answers = network(torch.ones(2, config.in_channels, 16, 16))
    (answers["logits"].sum() + answers["segmentation"].mean()).backward()
    optimizer.step()
    return network, optimizer


@pytest.mark.seeds(13, 27)
def test_a_pth_is_a_plain_dictionary_that_loads_weights_only(tmp_path: Path) -> None:
    """Anyone can read it with torch alone, optimiser included, and no code is needed."""
    config = tiny_config()
    network, optimizer = trained(config)

    save_model_with_config(
        model=network, checkpoint_path=tmp_path / "run" / "best_model.pth", config=config, optimizer=optimizer, epoch=7,
        metrics={"dice": np.float64(0.88), "per_class": (1, 2), "bad": float("nan")},
    )  # fmt: skip
    content = torch.load(tmp_path / "run" / "best_model.pth", weights_only=True)

    assert set(content) == {"model_state_dict", "optimizer_state_dict", "epoch", "metrics", "config", "classes"}
    assert content["epoch"] == 7
    assert content["metrics"] == {"dice": 0.88, "per_class": [1, 2], "bad": None}
    assert len(content["optimizer_state_dict"]["state"]) == len(list(network.parameters()))
    assert ModelConfig.from_checkpoint_dir(tmp_path / "run") == config
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["best_model.pth", CONFIG_NAME]


@pytest.mark.seeds(28)
@pytest.mark.parametrize("ending", [".pth", ".pt", ".safetensors"])
def test_loading_gives_back_network_configuration_and_content(tmp_path: Path, ending: str) -> None:
    """The same three things from either form, and the same answers as before."""
    config = tiny_config()
    network, optimizer = trained(config)
    path = tmp_path / f"best_model{ending}"
    save_model_with_config(network, path, config, None if ending == ".safetensors" else optimizer, 3, {"dice": 0.5})

    loaded, read, checkpoint = load_model_with_config(path, create_multi_task_model, device="cpu")

    array = torch.ones(1, 1, 16, 16)
    assert read == config
    assert checkpoint["epoch"] == 3
    assert checkpoint["metrics"] == {"dice": 0.5}
    assert not loaded.training
    assert torch.equal(loaded(array)["logits"], network.eval()(array)["logits"])
    if ending != ".safetensors":
        again = torch.optim.Adam(loaded.parameters(), lr=1e-3)
        again.load_state_dict(checkpoint["optimizer_state_dict"])
        first = next(iter(again.state.values()))["exp_avg"]
        assert torch.equal(first, next(iter(optimizer.state.values()))["exp_avg"])


@pytest.mark.seeds(28, 29, 31)
def test_a_factory_of_other_sizes_is_refused_in_words(tmp_path: Path) -> None:
    """The document's `RuntimeError: size mismatch` becomes blocks and shapes."""
    config = tiny_config()
    save_model_with_config(tiny_network(config), tmp_path / "best_model.pth", config)

    def wider(**sizes: Any) -> nn.Module:
        return create_multi_task_model(**{**sizes, "base_filters": 8})

    with pytest.raises(CheckpointError, match=r"of another shape \(.*encoder\.0"):
        load_model_with_config(tmp_path / "best_model.pth", wider)


@pytest.mark.seeds(31)
def test_a_swapped_configuration_beside_the_file_is_refused_with_both_named(tmp_path: Path) -> None:
    """`base_filters=32` beside tensors of 4: the tensors win, loudly."""
    config = tiny_config()
    torch.save(tiny_network(config).state_dict(), tmp_path / "best_model.pth")
    ModelConfig(base_filters=32, depth=3).save(tmp_path / CONFIG_NAME)

    with pytest.raises(ConfigError, match="base_filters = 32, the tensors say 4; depth = 3, the tensors say 2"):
        load_model_with_config(tmp_path / "best_model.pth", create_multi_task_model)


@pytest.mark.seeds(31)
def test_without_a_configuration_sizes_come_from_the_tensors_and_nobody_is_warned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Conflict 3 of the seeds: read, not guessed."""
    torch.save({"model_state_dict": tiny_network(tiny_config()).state_dict()}, tmp_path / "best_model.pth")

    with caplog.at_level(logging.INFO):
        _, config, _ = load_model_with_config(tmp_path / "best_model.pth", create_multi_task_model)

    assert (config.base_filters, config.depth) == (4, 2)
    assert "inferred from tensors" in caplog.text
    assert "default configuration" not in caplog.text


@pytest.mark.seeds(31)
def test_only_where_tensors_cannot_tell_the_default_is_taken_with_the_documents_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A network of the user's own has sizes that we cannot know."""
    torch.save({"model_state_dict": nn.Linear(3, 2).state_dict()}, tmp_path / "best_model.pth")

    _, config, _ = load_model_with_config(tmp_path / "best_model.pth", lambda **_: nn.Linear(3, 2))

    assert config == ModelConfig()
    assert "Using default configuration (base_filters=64, depth=4)" in caplog.text


def test_our_format_carries_card_points_and_self_test_bound_to_the_weights(tmp_path: Path) -> None:
    """One file holds everything that a prediction and its explanation need."""
    config = tiny_config("mobilenet_v3_small")
    network = tiny_network(config)
    path = tmp_path / "chest_v1.0.0" / "model.safetensors"

    save_model_with_config(
        network,
        path,
        config,
        epoch=2,
        metrics={"auc": 0.9},
        card=Card(display_name="Chest"),
        operating_points=[point()],
    )
    model = read_model(path)

    assert (model.id, model.display_name, model.config) == ("chest_v1.0.0", "Chest", config)
    assert model.verified
    assert model.problem is None
    assert model.weights_sha256 == weights_sha256(network.state_dict())
    assert [p.weights_sha256 for p in model.operating_points] == [model.weights_sha256]
    facts = read_header(path).metadata
    assert json.loads(facts["training"]) == {"epoch": 2, "metrics": {"auc": 0.9}}
    assert set(json.loads(facts["versions"])) == {"torch", "torchvision", "monai"}
    assert json.loads(facts["self_test"])["outputs"]["logits"]["shape"] == [1, 2]


def test_our_format_refuses_a_network_that_is_not_the_configurations(tmp_path: Path) -> None:
    """Training and inference cannot disagree if a disagreeing pair cannot be saved."""
    with pytest.raises(CheckpointError, match="tensors are not those"):
        save_model_with_config(tiny_network(tiny_config()), tmp_path / "x.safetensors", tiny_config(base_filters=8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, bad: float) -> None:
    """A diverged network would answer with noise for ever."""
    config = tiny_config()
    network = tiny_network(config)
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = bad

    with pytest.raises(CheckpointError, match=r"NaN or infinite in encoder\.0\.conv1\.weight"):
        save_model_with_config(network, tmp_path / "x.safetensors", config)


def test_a_point_of_other_weights_a_foreign_ending_and_objects_are_refused(tmp_path: Path) -> None:
    """Three ways to make a file that could not be trusted later."""
    config = tiny_config()
    network = tiny_network(config)

    with pytest.raises(CheckpointError, match="other weights"):
        save_model_with_config(
            network, tmp_path / "x.safetensors", config, operating_points=[point(weights_sha256="0" * 64)]
        )
    with pytest.raises(CheckpointError, match=r"\.safetensors"):
        save_model_with_config(network, tmp_path / "x.h5", config)
    with pytest.raises(CheckpointError, match="metrics hold a PosixPath"):
        save_model_with_config(network, tmp_path / "x.pth", config, metrics={"where": tmp_path})


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut in the middle: what was there is still there, and nothing half-written is."""
    config = tiny_config()
    path = tmp_path / "best_model.pth"
    save_model_with_config(tiny_network(config), path, config)
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="no space"):
        save_model_with_config(tiny_network(config, seed=1), path, config)

    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best_model.pth", CONFIG_NAME]


def test_half_precision_is_saved_as_float32(tmp_path: Path) -> None:
    """One precision on disk, so that a hash means one thing."""
    config = tiny_config()
    network = tiny_network(config)

    save_model_with_config(network.half().float(), tmp_path / "a.safetensors", config, self_test=False)

    assert {e.dtype for e in read_header(tmp_path / "a.safetensors").tensors.values()} == {"F32", "I64"}
    assert "self_test" not in read_header(tmp_path / "a.safetensors").metadata


def test_an_optimiser_beside_our_format_is_said_to_be_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Losing a state in silence would be found out only when training resumes."""
    network, optimizer = trained(tiny_config())

    save_model_with_config(network, tmp_path / "x.safetensors", tiny_config(), optimizer)

    assert "no optimiser state" in caplog.text


def test_cuda_that_is_not_there_becomes_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document's snippet says device='cuda' and must run on any machine."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = tiny_config()
    save_model_with_config(tiny_network(config), tmp_path / "x.safetensors", config)

    network, _, _ = load_model_with_config(tmp_path / "x.safetensors", create_multi_task_model, device="cuda")

    assert next(network.parameters()).device.type == "cpu"
