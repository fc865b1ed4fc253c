"""Compiled networks kept between starts: the same bits, and from nothing but our own unchanged file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.engines.compiled import Compiled, drop_all_but
from core.engines.graph import Graph, graph_places, write_graph
from core.engines.graph_engine import GraphEngine
from core.engines.graph_export import trace_graph
from core.engines.runtimes import REDUCED, RUNTIMES, Runtime, lacking
from core.models import loading
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.loading import load_network, read_weights
from core.models.model import Model
from core.models.variants import Precision
from core.settings import settings

OPENVINO = RUNTIMES[0]
FED = np.random.default_rng(5).normal(size=(2, 1, 64, 64)).astype(np.float32)

Answers = dict[str, np.ndarray]
Start = Callable[..., tuple[Answers, bool]]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Graph]:
    """A small network with its graph."""
    film = {"kind": "film", "size": (64, 64), "window": "full"}
    config = ModelConfig.model_validate({"model_type": "mobilenet_v3_small", "in_channels": 1, "input": film})
    torch.manual_seed(2)
    path = tmp_path_factory.mktemp("net") / "net_v1.0.0.safetensors"
    save_model_with_config(build_network(config).eval(), path, config)
    model = read_model(path)
    return model, write_graph(graph_places(model)[0], trace_graph(model))


@pytest.fixture
def path(traced: tuple[Model, Graph]) -> Path:
    """Where it is kept."""
    return Compiled(traced[0].weights_sha256, traced[1].sha256, "openvino").path


@pytest.fixture
def start(traced: tuple[Model, Graph]) -> Start:
    """Opens the network as a program does that has just started: its answers, and whether it had to compile."""
    model, graph = traced

    def started(runtime: Runtime = OPENVINO, sha256: str = graph.sha256) -> tuple[Answers, bool]:
        filled: list[bytes] = []
        kept = Compiled(model.weights_sha256, sha256, "openvino")

        def fill() -> bytes:
            filled.append(graph.filled(read_weights(model)))
            return filled[0]

        answers = runtime.open(fill, kept)(FED)
        kept.keep()
        assert kept.was_read is not bool(filled)
        return answers, bool(filled)

    return started


def equal(one: Answers, other: Answers) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_the_second_start_compiles_nothing_and_answers_in_the_same_bits(start: Start) -> None:
    """What is kept is what was compiled."""
    first, compiled = start()
    second, again = start()

    assert (compiled, again) == (True, False)
    assert equal(first, second)


@pytest.mark.parametrize("where", [0.0, 0.3, 0.9], ids=["head", "weights", "end"])
def test_a_changed_byte_is_never_run(start: Start, path: Path, where: float) -> None:
    """It is compiled anew and replaced; nobody is told, since nothing is lost."""
    first, _ = start()
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)

    answers, compiled = start()

    assert compiled
    assert equal(first, answers)
    assert start()[1] is False


def test_a_file_cut_short_is_never_run(start: Start, path: Path) -> None:
    """The disk was full, or the machine lost power."""
    first, _ = start()
    for length in (0, 100, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        answers, compiled = start()
        assert compiled
        assert equal(first, answers)


def test_another_graph_precision_or_version_is_compiled_anew(
    start: Start, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file for each model: the newest replaces the others."""
    import openvino

    start()
    assert start(sha256="0" * 64)[1] is True
    assert start()[1] is True
    assert start(REDUCED["bf16"])[1] is True
    assert start()[1] is True
    monkeypatch.setattr(openvino, "get_version", lambda: "another")
    assert start()[1] is True


def test_a_folder_that_cannot_be_written_costs_time_alone(start: Start, path: Path) -> None:
    """A home on a full or read-only disk."""
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_bytes(b"a file where the folder would be")

    assert start()[1] is True
    assert start()[1] is True


def test_a_runtime_that_exports_nothing_still_runs(start: Start, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeping is for the next start; this one has its network."""
    import openvino

    def refuse(*_: object) -> None:
        raise RuntimeError("Not implemented: export")

    monkeypatch.setattr(openvino.CompiledModel, "export_model", refuse)

    assert start()[1] is True
    assert not path.exists()


def test_reduced_precision_is_kept_like_any_other(start: Start) -> None:
    """The hint is part of what was compiled."""
    if lacking(Precision.BF16):
        pytest.skip("this processor does not compute in bfloat16")
    first, _ = start(REDUCED[Precision.BF16])
    second, compiled = start(REDUCED[Precision.BF16])

    assert not compiled
    assert equal(first, second)
    assert not equal(first, start()[0])


@pytest.fixture
def run(traced: tuple[Model, Graph], monkeypatch: pytest.MonkeyPatch) -> Callable[[Model], Answers]:
    """The engine's answers in a program that has just started: nothing is loaded yet."""

    def answers(model: Model) -> Answers:
        monkeypatch.setattr(loading, "_loaded", type(loading._loaded)())
        outputs, features = GraphEngine(model, OPENVINO, traced[1]).run_with_features(FED)
        return outputs if features is None else {**outputs, "features": features}

    return answers


def test_it_lies_in_the_data_folder_under_the_weights_hash_and_nowhere_else(
    traced: tuple[Model, Graph], home: Path, path: Path, run: Callable[[Model], Answers]
) -> None:
    """A file beside a checkpoint comes from whoever made the checkpoint."""
    model, _ = traced
    before = sorted(model.path.parent.iterdir())

    first = run(model)

    assert list(home.rglob("*.compiled")) == [path]
    assert path.parent.name == model.weights_sha256
    assert sorted(model.path.parent.iterdir()) == before
    assert equal(first, run(model))
    assert "features" in first


def test_one_that_fails_the_self_test_is_compiled_anew(
    traced: tuple[Model, Graph], path: Path, run: Callable[[Model], Answers]
) -> None:
    """Whole by its checksum and wrong by its answers: the file is at fault, not the checkpoint."""
    model, graph = traced
    right = run(model)
    made_by = json.loads(path.read_bytes().split(b"\n")[0])["made_by"]
    wrong = Compiled(model.weights_sha256, graph.sha256, "openvino")
    weights = {name: array + np.float32(0.1) for name, array in read_weights(model).items()}
    wrong.offer(made_by, openvino_of(graph.filled(weights)).export_model)
    wrong.keep()
    planted = path.read_bytes()

    assert equal(right, run(model))
    assert path.read_bytes() != planted


@pytest.mark.parametrize("content", [b"no network at all", b""])
def test_what_is_no_network_is_compiled_anew(
    traced: tuple[Model, Graph], path: Path, run: Callable[[Model], Answers], content: bytes
) -> None:
    """Whole by its checksum, and nothing that OpenVINO can go on from."""
    model, graph = traced
    right = run(model)
    made_by = json.loads(path.read_bytes().split(b"\n")[0])["made_by"]
    wrong = Compiled(model.weights_sha256, graph.sha256, "openvino")
    wrong.offer(made_by, lambda file: file.write(content))
    wrong.keep()

    assert equal(right, run(model))


def test_without_a_self_test_nothing_is_kept_or_read(
    traced: tuple[Model, Graph], home: Path, tmp_path: Path, run: Callable[[Model], Answers]
) -> None:
    """Nothing could tell that such a network answers rightly."""
    model, _ = traced
    silent = tmp_path / "net_v1.0.0.safetensors"
    save_model_with_config(load_network(model), silent, model.config, self_test=False)

    run(read_model(silent))

    assert not list(home.rglob("*.compiled"))


def test_where_signatures_are_required_nothing_is_kept_or_read(
    traced: tuple[Model, Graph], home: Path, run: Callable[[Model], Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature is of the checkpoint, and must go on being what decides the answers."""
    monkeypatch.setenv("READROOM_PUBLIC_KEY", str(home / "key.pem"))
    monkeypatch.setenv("READROOM_REQUIRE_SIGNED", "true")
    settings.cache_clear()

    run(traced[0])

    assert not list(home.rglob("*.compiled"))


def test_what_belongs_to_no_model_is_taken_away(start: Start, path: Path) -> None:
    """Deleted models and killed writes would leave files as large as weights for ever."""
    start()
    half = path.with_name(f".{path.name}.abc.part")
    half.write_bytes(b"half")
    graph = path.with_name("network.graph.onnx.gz")
    graph.write_bytes(b"a conversion made here")

    drop_all_but({path.parent.name})
    assert path.exists()
    assert not half.exists()

    drop_all_but(set())
    assert not path.exists()
    assert graph.exists()


def openvino_of(network: bytes) -> Any:
    """Compiled as the engine compiles it."""
    import openvino

    core = openvino.Core()
    asked = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    return core.compile_model(core.read_model(network), "CPU", asked)
