"""On a real GPU: the CPU's answer, twice the same, and what is done when its memory is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from core.inference.predictor import Predictor
from core.models import loading
from core.models.catalog import list_models
from core.models.loading import load_network
from core.models.model import Model
from core.settings import settings
from core.studies.study import Kind

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

MakeModel = Callable[..., Model]
SCORE = 0.02
"""Float16 keeps eleven bits of each number; over a deep network a probability moves in the third digit."""

VOLUME = {"kind": Kind.VOLUME, "window": "full", "normalisation": "zscore", "divisor": 4}
KINDS = ("classifier", "segmenter", "multitask2d", "multitask3d")


@pytest.fixture(autouse=True)
def all_memory() -> Iterator[None]:
    """Each test starts with an empty GPU, and leaves one."""
    loading._loaded.clear()
    torch.cuda.empty_cache()
    yield
    loading._loaded.clear()
    torch.cuda.empty_cache()


@pytest.fixture
def study_for(film: Any, volume: Any) -> Callable[[Model], Any]:
    """A seeded study that the model admits."""

    def make(model: Model) -> Any:
        rng = np.random.default_rng(5)
        if model.input.kind is Kind.FILM:
            return film(rng.integers(0, 255, (200, 180)), modality="DX", body_part="CHEST")
        return volume(rng.random((40, 52, 38)), modality="MR")

    return make


@pytest.mark.seeds(54)
@pytest.mark.parametrize("kind", KINDS)
def test_gpu_gives_the_answer_of_the_cpu(kind: str, saved_model: MakeModel, study_for: Callable[[Model], Any]) -> None:
    """A result must not depend on the machine by more than its arithmetic."""
    model = saved_model(kind)
    study = study_for(model)

    here = Predictor(model, "cpu").predict(study, explain=bool(model.classes))
    there = Predictor(model, "cuda").predict(study, explain=bool(model.classes))

    assert there.provenance.device == torch.cuda.get_device_name()
    assert there.provenance.precision == "float16 autocast"
    for name, score in here.scores.items():
        assert there.scores[name] == pytest.approx(score, abs=SCORE)
    if here.label_map is not None and there.label_map is not None:
        assert (here.label_map == there.label_map).mean() > 0.99
    if here.heat is not None and there.heat is not None and here.heat.any():
        assert np.corrcoef(here.heat.ravel(), there.heat.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_gpu_gives_the_same_bits_twice(kind: str, saved_model: MakeModel, study_for: Callable[[Model], Any]) -> None:
    """Kernels that race would give a patient two answers."""
    model = saved_model(kind)
    study = study_for(model)

    first, second = (Predictor(model, "cuda").predict(study) for _ in range(2))

    assert first.scores == second.scores
    if first.label_map is not None and second.label_map is not None:
        assert np.array_equal(first.label_map, second.label_map)


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_work_gives_the_same_bits(
    kind: str, saved_model: MakeModel, study_for: Callable[[Model], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded at the second prediction, replayed from the third on."""
    model = saved_model(kind)
    study = study_for(model)
    plain = Predictor(model, "cuda").predict(study)
    monkeypatch.setenv("READROOM_CUDA_GRAPHS", "true")
    settings.cache_clear()

    for _ in range(4):
        recorded = Predictor(model, "cuda").predict(study)

        assert recorded.scores == plain.scores
        if plain.label_map is not None and recorded.label_map is not None:
            assert np.array_equal(recorded.label_map, plain.label_map)


def test_shipped_models_pass_their_self_test_on_the_gpu() -> None:
    """What the shelf promises holds on the device that is taken first."""
    models = [model for model in list_models([settings().shelf]) if not (model.members or model.variant)]

    assert models
    for model in models:
        assert next(load_network(model, "cuda").parameters()).device.type == "cuda"


def test_real_lack_of_memory_goes_to_fewer_windows_with_the_same_answer(
    saved_model: MakeModel, study_for: Callable[[Model], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allocator's own error, not one that a test made up."""
    model = saved_model("segmenter", input={**VOLUME, "patch": (32, 32, 32)})
    study = study_for(model)
    whole = Predictor(model, "cuda").predict(study)
    monkeypatch.setenv("READROOM_WINDOW_BATCH", "64")
    settings.cache_clear()
    held = _leave_mib(_needed_mib(lambda: Predictor(model, "cuda").predict(study)) * 0.6)

    short = Predictor(model, "cuda").predict(study)
    del held

    assert any("at a time" in note for note in short.provenance.notes)
    assert short.provenance.device == torch.cuda.get_device_name()
    assert short.label_map is not None
    assert whole.label_map is not None
    assert (short.label_map == whole.label_map).mean() > 0.999


def test_gpu_without_room_for_one_window_leaves_the_answer_to_the_cpu(
    saved_model: MakeModel, study_for: Callable[[Model], Any]
) -> None:
    """The answer comes later, and says where it was made."""
    model = saved_model("segmenter", base_filters=16, input={**VOLUME, "patch": (64, 64, 64)})
    study = study_for(model)
    held = _leave_mib(0)

    prediction = Predictor(model, "cuda").predict(study)
    del held

    assert prediction.provenance.device == "cpu"
    assert any("CPU was used" in note for note in prediction.provenance.notes)


def test_real_overflow_of_float16_is_answered_in_float32(
    saved_model: MakeModel, study_for: Callable[[Model], Any]
) -> None:
    """Activations beyond 65,504 are infinite in float16 and ordinary in float32."""
    model = saved_model("classifier")
    study = study_for(model)
    for device in ("cpu", "cuda"):
        network = load_network(model, device)
        first, last = network.get_submodule("classifier.0"), network.get_submodule("classifier.3")
        for parameter in first.parameters():
            parameter.mul_(1e9)
        next(last.parameters()).div_(1e9)
    expected = Predictor(model, "cpu").predict(study)

    prediction = Predictor(model, "cuda").predict(study)

    assert prediction.provenance.precision == "float32"
    for name, score in expected.scores.items():
        assert prediction.scores[name] == pytest.approx(score, abs=SCORE)


def _needed_mib(run: Callable[[], object]) -> float:
    """Peak memory of a run, beyond what was held."""
    torch.cuda.reset_peak_memory_stats()
    run()
    return torch.cuda.max_memory_reserved() / 2**20


def _leave_mib(mib: float) -> list[torch.Tensor]:
    """All of the GPU's memory but that much, held for as long as the answer is."""
    torch.cuda.empty_cache()
    held: list[torch.Tensor] = []
    part = torch.cuda.mem_get_info()[0] - int(mib * 2**20)
    while part >= 2**20:  # not all that is free can be had in one piece
        try:
            held.append(torch.empty(part, dtype=torch.uint8, device="cuda"))
            part = torch.cuda.mem_get_info()[0] - int(mib * 2**20)
        except torch.OutOfMemoryError:
            part //= 2
    return held
