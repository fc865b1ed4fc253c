"""PyTorch as an engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.engines import torch_engine
from core.engines.engine import OutOfMemory
from core.engines.torch_engine import TorchEngine, memory_errors
from core.errors import InferenceError
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.model import Model


def saved(folder: Path, **fields: object) -> Model:
    config = ModelConfig(model_type="multitask", base_filters=4, depth=2, **fields)
    torch.manual_seed(0)
    path = folder / "tiny_v1.0.0.safetensors"
    save_model_with_config(build_network(config).eval(), path, config, self_test=False)
    return read_model(path)


def test_outputs_are_named_float32_and_the_networks_own(tmp_path: Path) -> None:
    """The rest of the house sees arrays with names, never a tensor."""
    engine = TorchEngine(saved(tmp_path), "cpu")
    batch = np.random.default_rng(0).normal(size=(3, 1, 16, 16)).astype(np.float32)
    with torch.inference_mode():
        expected = engine.network(torch.from_numpy(batch))

    outputs = engine.run(batch)

    assert set(outputs) == {"logits", "segmentation"}
    for name, values in outputs.items():
        assert values.dtype == np.float32
        assert np.array_equal(values, expected[name].numpy())


def test_input_is_not_changed(tmp_path: Path) -> None:
    """The prepared array is shared with the way back and with other members."""
    batch = np.random.default_rng(0).normal(size=(1, 1, 16, 16)).astype(np.float32)
    kept = batch.copy()

    TorchEngine(saved(tmp_path), "cpu").run(batch)

    assert np.array_equal(batch, kept)


def test_network_loaded_inside_inference_mode_can_still_be_explained(tmp_path: Path) -> None:
    """Loaded weights are shared: one careless caller must not spoil the heat maps of all others."""
    engine = TorchEngine(saved(tmp_path), "cpu")

    with torch.inference_mode():
        network = engine.network

    assert not any(parameter.is_inference() for parameter in network.parameters())


def test_description_names_device_precision_and_versions(tmp_path: Path) -> None:
    """What shaped the numbers stands on every result."""
    described = TorchEngine(saved(tmp_path), "cpu").describe()

    assert described["device"] == "cpu"
    assert described["precision"] == "float32"
    assert torch.__version__.startswith(described["versions"]["torch"])


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
)
def test_every_way_of_running_out_of_memory_is_one_signal(error: Exception) -> None:
    """The caller then takes fewer windows, or the CPU."""
    with pytest.raises(OutOfMemory), memory_errors():
        raise error


def test_other_faults_stay_what_they_are() -> None:
    """A wrong shape answered with fewer windows would loop, and hide the fault."""
    with pytest.raises(RuntimeError, match="shape mismatch"), memory_errors():
        raise RuntimeError("shape mismatch")


def test_overflow_of_half_precision_is_answered_with_float32(tmp_path: Path) -> None:
    """Autocast may run over where float32 does not; the answer is then computed again, and the precision told."""
    engine = TorchEngine(saved(tmp_path), "cpu")
    engine._half = True  # as on a GPU

    over = engine.overflowed({"logits": np.array([[np.inf]], np.float32)})

    assert over
    assert engine.describe()["precision"] == "float32"
    assert not engine.overflowed({"logits": np.array([[np.inf]], np.float32)})


def test_failing_self_test_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that does not make its own numbers makes no prediction."""

    def fail(model: Model, device: str) -> torch.nn.Module:
        raise InferenceError(found="The self-test failed.", why="w", do="d")

    monkeypatch.setattr(torch_engine, "load_network", fail)

    with pytest.raises(InferenceError, match="self-test"):
        TorchEngine(saved(tmp_path), "cpu").load()
