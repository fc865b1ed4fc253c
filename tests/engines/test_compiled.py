"""Compiled networks kept between starts: the same bits, and from nothing but our own unchanged file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.engines.compiled import Compiled
from core.engines.graph import Graph, graph_places, write_graph
from core.engines.graph_engine import GraphEngine
from core.engines.graph_export import trace_graph
from core.engines.runtimes import REDUCED, RUNTIMES, Runtime
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.loading import read_weights
from core.models.model import Model

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
def place(traced: tuple[Model, Graph], tmp_path: Path) -> Compiled:
    return Compiled(tmp_path / "deep" / "openvino.compiled", traced[1].sha256)


@pytest.fixture
def start(traced: tuple[Model, Graph], place: Compiled) -> Start:
    """Opens the network as a program does that has just started: its answers, and whether it had to compile."""
    model, graph = traced

    def started(runtime: Runtime = OPENVINO, kept: Compiled = place) -> tuple[Answers, bool]:
        filled: list[bytes] = []

        def fill() -> bytes:
            filled.append(graph.filled(read_weights(model)))
            return filled[0]

        answers = runtime.open(fill, kept)(FED)
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
def test_a_changed_byte_is_never_run(start: Start, place: Compiled, where: float) -> None:
    """It is compiled anew and replaced; nobody is told, since nothing is lost."""
    first, _ = start()
    content = bytearray(place.path.read_bytes())
    content[int(where * len(content))] ^= 1
    place.path.write_bytes(content)

    answers, compiled = start()

    assert compiled
    assert equal(first, answers)
    assert start()[1] is False


def test_a_file_cut_short_is_never_run(start: Start, place: Compiled) -> None:
    """The disk was full, or the machine lost power."""
    first, _ = start()
    for length in (0, 100, place.path.stat().st_size - 1):
        place.path.write_bytes(place.path.read_bytes()[:length])
        answers, compiled = start()
        assert compiled
        assert equal(first, answers)


def test_what_opens_and_is_no_network_is_compiled_anew(
    start: Start, place: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole by its checksum, and still not what this OpenVINO can go on from."""
    monkeypatch.setattr(Compiled, "read", lambda kept, made_by: b"no network at all")

    assert start()[1] is True


def test_another_graph_precision_or_version_is_compiled_anew(
    start: Start, place: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file for each model: the newest replaces the others."""
    import openvino

    start()
    assert start(kept=replace(place, graph_sha256="0" * 64))[1] is True
    assert start()[1] is True
    assert start(REDUCED["bf16"])[1] is True
    assert start()[1] is True
    monkeypatch.setattr(openvino, "get_version", lambda: "another")
    assert start()[1] is True


def test_a_folder_that_cannot_be_written_costs_time_alone(start: Start, place: Compiled) -> None:
    """A home on a full or read-only disk."""
    place.path.parent.parent.mkdir(exist_ok=True)
    place.path.parent.write_bytes(b"a file where the folder would be")

    assert start()[1] is True
    assert start()[1] is True


def test_it_lies_in_the_data_folder_under_the_weights_hash_and_nowhere_else(
    traced: tuple[Model, Graph], home: Path
) -> None:
    """A file beside a checkpoint comes from whoever made the checkpoint."""
    model, graph = traced
    before = sorted(model.path.parent.iterdir())

    GraphEngine(model, OPENVINO, graph).run(FED)

    (found,) = home.rglob("*.compiled")
    assert found.parent.name == model.weights_sha256
    assert sorted(model.path.parent.iterdir()) == before
