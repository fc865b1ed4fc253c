"""Loading: only certain bytes, filled strictly, tested, and kept within a budget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import CheckpointError, InferenceError
from core.models import loading
from core.models.building import named_outputs
from core.models.catalog import read_model
from core.models.loading import Held, held_weights, load_network, loaded_mib, self_test_state
from core.settings import settings

from .conftest import tiny_config, tiny_network


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with nothing loaded and leaves the process's cache alone."""
    monkeypatch.setattr(loading, "_loaded", type(loading._loaded)())
    monkeypatch.setattr(loading, "_tested", {})


@pytest.mark.parametrize("name", ["multitask", "unet2d", "unet3d", "mobilenet_v3_small"])
def test_a_loaded_network_holds_the_weights_bit_for_bit_and_answers_as_before(
    name: str, shelve: Callable[..., Path]
) -> None:
    """No weight may move at all; answers only by the rounding of another memory layout, far below the parity rule."""
    config = tiny_config(name)
    saved = tiny_network(config)
    model = read_model(shelve(name=name))
    array = torch.linspace(-1, 1, config.in_channels * 32**config.spatial_dims).reshape(
        1, config.in_channels, *[32] * config.spatial_dims
    )

    network = load_network(model)

    state = network.state_dict()
    assert all(torch.equal(state[key], tensor) for key, tensor in saved.state_dict().items())
    with torch.inference_mode():
        told, expected = named_outputs(config.task, network(array)), named_outputs(config.task, saved(array))
    for key, want in expected.items():
        torch.testing.assert_close(told[key], want, rtol=1e-5, atol=1e-5)
    assert not network.training
    assert self_test_state(model) == "passed"


@pytest.mark.seeds(8)
def test_a_byte_changed_after_listing_is_not_loaded(shelve: Callable[..., Path]) -> None:
    """The bytes that are read are hashed, not those that were listed."""
    path = shelve()
    model = read_model(path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match="checksum differs"):
        load_network(model)
    with pytest.raises(CheckpointError, match="cannot be loaded: Checksum differs"):
        load_network(read_model(path))
    assert loaded_mib() == {}


def test_a_refused_model_is_not_given_the_weights_of_an_accepted_twin(shelve: Callable[..., Path]) -> None:
    """The cache goes by weights; what is refused is the file."""
    model = read_model(shelve())
    load_network(model)

    with pytest.raises(CheckpointError, match="cannot be loaded: It is unsigned"):
        load_network(replace(model, problem="It is unsigned."))


def test_a_failed_self_test_refuses_the_model_and_is_remembered(
    shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights that answer otherwise: a changed library, or a broken device."""
    model = read_model(shelve())
    monkeypatch.setattr("core.models.self_test.portable_noise", lambda shape, seed=0: torch.zeros(shape).numpy())

    with pytest.raises(InferenceError, match=r"self-test of tiny_v1\.0\.0 failed"):
        load_network(model)

    assert self_test_state(model) == "failed"
    assert loaded_mib() == {}


def test_a_model_without_a_self_test_says_so(shelve: Callable[..., Path]) -> None:
    """No test is not a passed test."""
    model = read_model(shelve(self_test=False))
    assert self_test_state(model) == "not run"

    load_network(model)

    assert self_test_state(model) == "none"


def test_a_twin_with_a_self_test_is_tested_though_its_weights_are_loaded(shelve: Callable[..., Path]) -> None:
    """The cache goes by weights, and a file of the same weights without a self-test may have come first."""
    load_network(read_model(shelve("plain_v1.0.0", self_test=False)))

    twin = read_model(shelve("tested_v1.0.0"))
    load_network(twin)

    assert self_test_state(twin) == "passed"


def test_the_same_network_is_given_out_twice_and_the_least_used_goes_first(
    shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One copy for all users, and never more than the budget."""
    models = [read_model(shelve(f"m{n}_v1.0.0", "mobilenet_v3_small", seed=n)) for n in range(3)]
    monkeypatch.setenv("READROOM_WEIGHTS_CACHE_MIB", "13")  # two of 6 MiB
    settings.cache_clear()

    first = load_network(models[0])
    load_network(models[1])
    assert load_network(models[0]) is first
    load_network(models[2])

    held = [name.split(" ")[0] for name in loaded_mib()]
    assert held == [models[0].weights_sha256[:12], models[2].weights_sha256[:12]]
    assert sum(loaded_mib().values()) <= 13


def test_many_threads_load_one_model_once(shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd asking for one model must not load it a hundred times."""
    model = read_model(shelve())
    reads: list[str] = []
    read = loading.read_weights

    def counted(asked: Any) -> Any:
        reads.append(asked.id)
        return read(asked)

    monkeypatch.setattr(loading, "read_weights", counted)
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return id(load_network(model))

    with ThreadPoolExecutor(8) as pool:
        networks = set(pool.map(ask, range(8)))

    assert len(networks) == 1
    assert reads == ["tiny_v1.0.0"]


def test_a_handle_of_another_configuration_is_refused(shelve: Callable[..., Path]) -> None:
    """A handle that was made before the file was replaced must not lead to a network of other sizes."""
    model = read_model(shelve())

    with pytest.raises(CheckpointError, match="changed after it was listed"):
        load_network(replace(model, config=tiny_config(base_filters=8)))


def test_weights_cannot_be_trained_by_accident(shelve: Callable[..., Path]) -> None:
    """A shared network that collects gradients would grow and change."""
    network = load_network(read_model(shelve()))

    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert {t.device.type for t in network.state_dict().values()} == {"cpu"}


@pytest.mark.seeds(38)
def test_who_asks_what_is_loaded_does_not_wait_for_a_load(shelve: Callable[..., Path]) -> None:
    """A page shows the cache at each run; a load holds the lock for seconds."""
    model = read_model(shelve())
    load_network(model)
    told: list[Held] = []

    def ask() -> None:
        told.extend(held_weights())

    with loading._lock:
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(timeout=30)

    assert [held.weights_sha256 for held in told] == [model.weights_sha256]
    assert told[0].seconds > 0
