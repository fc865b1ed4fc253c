"""What is done when memory is short."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from core.engines import choose
from core.engines.engine import Batch, Outputs
from core.engines.torch_engine import TorchEngine
from core.errors import InferenceError
from core.inference import answer, batching
from core.inference.answer import Watch
from core.inference.predictor import Predictor
from core.models.model import Model
from core.settings import settings

MakeModel = Callable[..., Model]


@pytest.fixture
def head(volume: Any) -> Any:
    return volume(np.random.default_rng(3).random((20, 24, 18)), modality="MR")


class SmallNetwork(torch.nn.Module):
    """A network on a device that holds `fits` windows at a time: the fault is torch's own."""

    def __init__(self, network: torch.nn.Module, fits: int) -> None:
        super().__init__()
        self.network, self.fits = network, fits
        self.batches: list[int] = []

    def forward(self, x: torch.Tensor) -> Any:
        if len(x) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory (injected)")
        self.batches.append(len(x))
        return self.network(x)


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[SmallNetwork]]:
    """memory_for(n): from now on every network fits n windows at a time; answers with those that were loaded."""

    def limit(fits: int) -> list[SmallNetwork]:
        from core.engines import torch_engine
        from core.models.loading import load_network

        made: list[SmallNetwork] = []

        def load(model: Model, device: str) -> SmallNetwork:
            made.append(SmallNetwork(load_network(model, device), fits))
            return made[-1]

        monkeypatch.setattr(torch_engine, "load_network", load)
        return made

    return limit


def test_short_memory_means_fewer_windows_at_a_time_and_a_note(
    saved_model: MakeModel, head: Any, memory_for: Callable[[int], list[SmallNetwork]]
) -> None:
    """The same windows, the same labels, and the reader is told."""
    model = saved_model("segmenter")
    roomy = Predictor(model, "cpu").predict(head)
    networks = memory_for(1)

    tight = Predictor(model, "cpu").predict(head)

    assert set(networks[0].batches) == {1}
    assert len(networks[0].batches) == 2 * 2 * 2
    assert (tight.label_map != roomy.label_map).mean() < 1e-3
    assert tight.provenance.notes == ("Memory allowed 1 at a time; the windows are the same.",)
    assert roomy.provenance.notes == ()


def test_no_memory_at_all_is_refused_in_words(
    saved_model: MakeModel, head: Any, memory_for: Callable[[int], list[SmallNetwork]]
) -> None:
    """No traceback, no half mask; the study is unchanged."""
    memory_for(0)

    with pytest.raises(InferenceError, match="ran out of memory"):
        Predictor(saved_model("segmenter"), "cpu").predict(head)


class FullGpu(TorchEngine):
    """A GPU, seen from the outside, on which not one window fits."""

    def __init__(self, model: Model, device: str | None = None) -> None:
        super().__init__(model, "cpu")
        self.full = device != "cpu"
        if self.full:
            self.device = SimpleNamespace(type="cuda")

    def load(self) -> None: ...

    def run(self, batch: Batch) -> Outputs:
        if self.full:
            raise answer.OutOfMemory
        return super().run(batch)


@pytest.mark.seeds(54)
def test_full_gpu_hands_over_to_the_cpu_and_says_so(
    saved_model: MakeModel, head: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slower is better than nothing, and never silent."""
    model = saved_model("segmenter")
    expected = Predictor(model, "cpu").predict(head)
    monkeypatch.setattr(choose, "choose_device", lambda wanted=None: wanted or "cuda")
    monkeypatch.setattr(choose, "_torch", FullGpu)
    monkeypatch.setattr(batching, "free_bytes", lambda _place: 2**30)

    prediction = Predictor(model).predict(head)

    assert np.array_equal(prediction.label_map, expected.label_map)
    assert prediction.provenance.device == "cpu"
    assert prediction.provenance.notes == (
        "Memory on the GPU did not suffice for one window.",
        "The CPU was used instead.",
    )


def test_answer_that_is_not_a_number_is_refused(
    saved_model: MakeModel, head: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN would become label 0 everywhere: a clean bill of health from a broken network."""
    broken = np.full((3, 16, 16, 16), np.nan, np.float32)
    monkeypatch.setattr(TorchEngine, "run", lambda _self, batch: {"segmentation": np.stack([broken] * len(batch))})

    with pytest.raises(InferenceError, match="not numbers"):
        Predictor(saved_model("segmenter"), "cpu").predict(head)


def test_window_batch_is_a_setting(
    saved_model: MakeModel,
    head: Any,
    memory_for: Callable[[int], list[SmallNetwork]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has little memory sets READROOM_WINDOW_BATCH and is not told of a shortage."""
    monkeypatch.setenv("READROOM_WINDOW_BATCH", "3")
    settings.cache_clear()
    networks = memory_for(100)

    prediction = Predictor(saved_model("segmenter"), "cpu").predict(head)

    assert networks[0].batches == [3, 3, 2]
    assert prediction.provenance.notes == ()


def test_each_member_of_several_moves_its_share_of_the_bar() -> None:
    """The bar of an ensemble does not start again with each member."""
    told: list[tuple[float, str]] = []
    watch = Watch(lambda share, text: told.append((share, text)))

    watch.part(1, 4).tell(0.5, "Window 1 of 2")

    assert told == [(0.375, "Model 2 of 4: Window 1 of 2")]
