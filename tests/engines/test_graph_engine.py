"""A checkpoint's own weights in OpenVINO and ONNX Runtime: the same answers as torch's, or not used."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from core.engines import checks, choose
from core.engines.checks import Checks, write_checks
from core.engines.graph import Graph, find_graph, graph_places, strip, write_graph
from core.engines.graph_engine import GraphEngine
from core.engines.graph_export import trace_graph
from core.engines.runtimes import RUNTIMES, Runtime
from core.engines.torch_engine import TorchEngine
from core.errors import CheckpointError, InferenceError
from core.inference.explain import GradCam
from core.inference.heat import ClosedFormCam
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.comparison import SAMPLES, Check
from core.models.config import ModelConfig
from core.models.loading import loaded_mib
from core.models.model import Model
from core.settings import settings
from core.workflows.engine_parity import compare_runtimes

FILM = {"kind": "film", "size": (64, 64), "window": "full"}
VOLUME = {"kind": "volume", "patch": (16, 16, 16), "window": "full", "divisor": 4}
CONFIGS: dict[str, dict[str, Any]] = {
    "mobilenet_v3_small": {"in_channels": 1, "input": FILM},
    "multitask": {"base_filters": 4, "depth": 2, "input": {**FILM, "divisor": 4}},
    "unet3d": {"base_filters": 4, "depth": 2, "res_units": 1, "seg_out_channels": 2, "input": VOLUME},
}
SCORE_LIMIT = 1e-4


@pytest.fixture(scope="module", params=list(CONFIGS))
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Graph]:
    """A saved network of each kind and its graph, traced once."""
    config = ModelConfig.model_validate({"model_type": request.param, **CONFIGS[request.param]})
    torch.manual_seed(1)
    network = build_network(config)
    with torch.no_grad():
        network.train()
        for _ in range(3):  # norm layers that have seen noise: answers are then not all alike
            network(torch.randn(4, config.in_channels, *(32,) * config.spatial_dims))
    path = tmp_path_factory.mktemp(request.param) / f"{request.param}_v1.0.0.safetensors"
    save_model_with_config(network.eval(), path, config)
    model = read_model(path)
    return model, write_graph(graph_places(model)[0], trace_graph(model))


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_answers_are_torchs_for_any_batch_and_size(converted: tuple[Model, Graph], runtime: Runtime) -> None:
    """Traced at one size and a batch of two; a page feeds one film, a sliding window four."""
    model, graph = converted
    engine, own = GraphEngine(model, runtime, graph), TorchEngine(model, "cpu")
    sides = (16, 24) if model.config.spatial_dims == 3 else (64, 96)
    for batch, side in [(1, sides[0]), (3, sides[1])]:
        fed = np.random.default_rng(side).normal(size=(batch, 1, *(side,) * model.config.spatial_dims))
        fed = fed.astype(np.float32)

        found, expected = engine.run(fed), own.run(fed)

        assert set(found) == set(expected)
        for name, values in expected.items():
            assert found[name].dtype == np.float32
            assert np.abs(found[name] - values).max() <= SCORE_LIMIT * max(1.0, np.abs(values).max())
    assert f"{model.weights_sha256[:12]} on {runtime.name}, graph {graph.sha256[:8]}" in loaded_mib()
    assert runtime.title in engine.describe()["device"]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_heat_map_in_closed_form_is_the_gradients(converted: tuple[Model, Graph], runtime: Runtime) -> None:
    """A wrong weighting still gives a pretty picture."""
    model, graph = converted
    if not model.classes:
        pytest.skip("a label map has no class score to explain")
    fed = np.random.default_rng(4).normal(size=(6, 1, 64, 64)).astype(np.float32)

    expected = [GradCam(TorchEngine(model, "cpu"), target).run(fed)["heat"] for target in (0, 1)]
    found = [ClosedFormCam(GraphEngine(model, runtime, graph), target).run(fed)["heat"] for target in (0, 1)]

    peak = max(float(heat.max()) for heat in expected)
    assert peak > 0
    assert max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True)) <= 1e-3 * peak


def test_a_graph_holds_operations_and_no_weight(converted: tuple[Model, Graph]) -> None:
    """Weights exist once, in the checkpoint; a clone stays small, and a graph can change none."""
    model, graph = converted
    program = onnx.load_from_string(graph.content)

    assert graph_places(model)[0].stat().st_size < model.size_bytes / 4
    empty = [tensor.name for tensor in program.graph.initializer if not tensor.HasField("raw_data")]
    assert empty
    with pytest.raises(ValueError, match="do not hold"):
        graph.filled({})


def test_nothing_is_used_that_was_not_held_against_torch(converted: tuple[Model, Graph]) -> None:
    """No check, a check of another graph or one that failed: torch runs it, and the reason is told."""
    model, graph = converted
    path = checks.checks_places(model)[0]
    path.unlink(missing_ok=True)
    assert choose.graph_engine(model) is None

    _keep(model, graph.sha256, path, holds=False)
    assert choose.graph_engine(model) is None
    assert "differ" in choose.why_not(model, RUNTIMES[0])

    _keep(model, "0" * 64, path, holds=True)
    assert choose.graph_engine(model) is None

    _keep(model, graph.sha256, path, holds=True)
    engine = choose.graph_engine(model)
    assert engine is not None
    assert engine.runtime.name == "openvino"
    assert choose.engine_title(model) == "CPU, OpenVINO"
    path.unlink()


def test_an_engine_by_name_that_cannot_run_it_is_refused(
    converted: tuple[Model, Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another engine than the one named would be silent."""
    monkeypatch.setenv("READROOM_ENGINE", "onnxruntime")
    settings.cache_clear()

    with pytest.raises(InferenceError, match="READROOM_ENGINE names onnxruntime"):
        next(choose.engines_for(converted[0], "cpu"))
    with pytest.raises(InferenceError, match="OpenVINO was chosen, and cannot run"):
        next(choose.engines_for(converted[0], "cpu", "openvino"))


def test_a_runtime_that_is_chosen_beside_a_gpu_is_refused(
    converted: tuple[Model, Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The GPU would answer under another engine's name."""
    monkeypatch.setattr(choose, "choose_device", lambda _=None: "cuda")

    with pytest.raises(InferenceError, match="networks run on the GPU here"):
        next(choose.engines_for(converted[0], engine="openvino"))
    assert choose.find_refusal(converted[0], "openvino") is not None
    assert choose.find_refusal(converted[0], "torch") is None


def test_a_graph_of_other_weights_is_not_found_and_a_damaged_one_is_told(
    converted: tuple[Model, Graph], tmp_path: Path
) -> None:
    """A checkpoint that was replaced must not run in the graph of the one before."""
    model, graph = converted
    place = graph_places(model)[0]
    before = place.read_bytes()
    try:
        write_graph(place, strip(onnx.load_from_string(graph.content), {}, "f" * 64))
        assert find_graph(model) is None
        place.write_bytes(before[:-20])
        with pytest.raises(CheckpointError, match="cannot be read"):
            find_graph(model)
    finally:
        place.write_bytes(before)
    found = find_graph(model)
    assert found is not None
    assert found.sha256 == graph.sha256


def test_a_damaged_conversion_fails_the_checkpoints_self_test(converted: tuple[Model, Graph]) -> None:
    """A graph that computes something else is noticed when it is loaded, whatever its check says."""
    model, graph = converted

    with pytest.raises(InferenceError, match="self-test"):
        GraphEngine(model, RUNTIMES[0], _damaged(graph, "Softplus")).load()


@pytest.mark.seeds(16)
@pytest.mark.parametrize("operation", ["Softplus", "NoSuchOperation"])
def test_the_gate_keeps_a_damaged_conversion_out_and_says_why(converted: tuple[Model, Graph], operation: str) -> None:
    """One that computes something else, and one that no runtime can open: both are findings, and torch goes on."""
    model, graph = converted
    damaged = _damaged(graph, operation)

    found = compare_runtimes(model, damaged, [], SAMPLES)

    assert [check.holds for check in found.checks] == [False] * len(found.checks)
    assert all(check.refused and check.logits is None for check in found.checks)
    path = checks.checks_places(model)[0]
    write_checks(path, found.model_copy(update={"graph_sha256": graph.sha256}))
    assert choose.graph_engine(model) is None
    assert choose.why_not(model, RUNTIMES[0]) == found.checks[0].refused
    path.unlink()


def _damaged(graph: Graph, operation: str) -> Graph:
    """The same graph with one more operation before an output."""
    program = onnx.load_from_string(graph.content)
    name = next(iter({value.name for value in program.graph.output} - {"features"}))
    maker = next(node for node in program.graph.node if name in node.output)
    maker.output[list(maker.output).index(name)] = "before"
    program.graph.node.append(onnx.helper.make_node(operation, ["before"], [name]))
    content = program.SerializeToString()
    return Graph(content, hashlib.sha256(content).hexdigest())


def _keep(model: Model, graph_sha256: str, path: Path, *, holds: bool) -> None:
    check = Check(
        engine="openvino", version="1", torch="2", cohort="samples", cases=1, logits=0.0, decisions=2,
        changed=0 if holds else 2, holds=holds,
    )  # fmt: skip
    write_checks(path, Checks(weights_sha256=model.weights_sha256, graph_sha256=graph_sha256, checks=(check,)))
