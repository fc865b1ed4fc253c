"""Windows over an array, against MONAI's own inferer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import UNet

from core.engines.engine import Batch, OutOfMemory, Outputs
from core.errors import Cancelled
from core.inference.sliding_window import gaussian_weight, run_slices, run_windows, window_starts


class FunctionEngine:
    """An engine around a plain function of arrays; `fits` is the largest batch that its memory holds."""

    def __init__(self, function: Callable[[Batch], Outputs], fits: int = 10_000) -> None:
        self.function, self.fits = function, fits
        self.batches: list[int] = []

    def load(self) -> None: ...

    def run(self, batch: Batch) -> Outputs:
        if len(batch) > self.fits:
            raise OutOfMemory
        self.batches.append(len(batch))
        return self.function(batch)

    def describe(self) -> dict[str, Any]:
        return {}


@pytest.fixture(scope="module")
def unet() -> UNet:
    torch.manual_seed(0)
    return UNet(3, 1, 3, (4, 8, 8), (2, 2), norm="BATCH").eval()


def unet_engine(unet: UNet, fits: int = 10_000) -> FunctionEngine:
    def answer(batch: Batch) -> Outputs:
        with torch.inference_mode():
            return {"segmentation": unet(torch.from_numpy(batch)).numpy()}

    return FunctionEngine(answer, fits)


@pytest.mark.parametrize("shape", [(40, 33, 50), (16, 16, 16), (17, 16, 31)])
def test_blended_windows_equal_monais(unet: UNet, shape: tuple[int, int, int]) -> None:
    """The method is a published one; its reference implementation must agree, labels exactly."""
    array = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    with torch.inference_mode():
        expected = sliding_window_inference(
            torch.from_numpy(array)[None], (16, 16, 16), 4, unet, overlap=0.5, mode="gaussian"
        ).numpy()

    found = run_windows(unet_engine(unet), array, (16, 16, 16), batch=4).outputs["segmentation"]

    assert np.abs(found - expected).max() < 1e-4
    assert np.array_equal(found.argmax(1), expected.argmax(1))


def test_less_memory_runs_the_same_windows_fewer_at_a_time(unet: UNet) -> None:
    """Moving the windows would be another method with another mask; only the batch may shrink."""
    array = np.random.default_rng(0).normal(size=(1, 40, 33, 50)).astype(np.float32)
    roomy, tight = unet_engine(unet), unet_engine(unet, fits=1)

    whole, part = (run_windows(e, array, (16, 16, 16), batch=4) for e in (roomy, tight))

    assert (whole.batch, part.batch) == (4, 1)
    assert sum(roomy.batches) == sum(tight.batches) == len(window_starts((40, 33, 50), (16, 16, 16)))
    assert np.abs(whole.outputs["segmentation"] - part.outputs["segmentation"]).max() < 1e-5


def test_single_window_that_does_not_fit_is_told_to_the_caller() -> None:
    """The caller then moves to the CPU."""
    engine = FunctionEngine(lambda batch: {"segmentation": batch}, fits=0)

    with pytest.raises(OutOfMemory):
        run_windows(engine, np.zeros((1, 16, 16, 16), np.float32), (16, 16, 16), batch=4)


def test_every_voxel_is_covered_and_windows_stay_inside() -> None:
    """A voxel that no window sees would be divided by zero."""
    seen = np.zeros((23, 16, 40), int)

    for i, j, k in window_starts(seen.shape, (16, 16, 16)):
        assert i + 16 <= 23
        assert j + 16 <= 16
        assert k + 16 <= 40
        seen[i : i + 16, j : j + 16, k : k + 16] += 1

    assert seen.min() >= 1


def test_shape_shorter_than_its_window_is_a_fault_of_ours() -> None:
    """Padding is preprocessing's work; a silent crop would lose the far end."""
    with pytest.raises(ValueError, match="shorter than its window"):
        window_starts((15, 16), (16, 16))


def test_weight_is_symmetric_and_never_near_zero() -> None:
    """A corner seen once is divided by its own weight."""
    weight = gaussian_weight((16, 12, 9))

    assert weight.shape == (16, 12, 9)
    assert weight.min() >= 1e-3
    assert np.array_equal(weight, weight[::-1, ::-1, ::-1])


def test_class_logits_are_the_mean_over_the_windows() -> None:
    """A multitask network scores each window; the study's score weighs them alike."""
    array = np.arange(32, dtype=np.float32).reshape(1, 4, 8)
    engine = FunctionEngine(lambda batch: {"logits": batch.mean((2, 3)), "segmentation": batch})

    outputs = run_windows(engine, array, (4, 4), batch=2).outputs

    each = [array[0, :, j : j + 4].mean() for j in (0, 2, 4)]
    assert np.allclose(outputs["logits"], np.mean(each))
    assert np.allclose(outputs["segmentation"][0], array, atol=1e-5)


def test_progress_counts_windows_and_cancel_stops_between_batches() -> None:
    """Cancel stops within a batch of windows; nobody waits for a volume."""
    engine = FunctionEngine(lambda batch: {"segmentation": batch})
    told: list[tuple[float, str]] = []
    array = np.zeros((1, 16, 64), np.float32)

    with pytest.raises(Cancelled):
        run_windows(
            engine,
            array,
            (16, 16),
            batch=2,
            progress=lambda share, text: told.append((share, text)),
            cancelled=lambda: len(told) == 2,
        )

    assert [text for _, text in told] == ["Window 2 of 7", "Window 4 of 7"]
    assert engine.batches == [2, 2]


def test_slices_keep_their_order_also_with_little_memory() -> None:
    """A mask whose slices were shuffled would look like noise, or worse, would not."""
    array = np.arange(7 * 6, dtype=np.float32).reshape(1, 7, 2, 3)
    engine = FunctionEngine(lambda batch: {"segmentation": batch * 2, "logits": batch.mean((2, 3))}, fits=2)
    told: list[str] = []

    result = run_slices(engine, array, batch=4, progress=lambda _, text: told.append(text))

    assert result.batch == 2
    assert np.array_equal(result.outputs["segmentation"], array[None] * 2)
    assert np.allclose(result.outputs["logits"][:, 0], array[0].mean((1, 2)))
    assert told[-1] == "Slice 7 of 7"


@pytest.mark.parametrize("fits", [1, 3, 100])
def test_slices_are_fed_with_their_neighbours_across_batches(fits: int) -> None:
    """A batch's end is not the volume's end: its last slice still sees the next one."""
    array = np.arange(7 * 6, dtype=np.float32).reshape(1, 7, 2, 3)
    engine = FunctionEngine(lambda batch: {"segmentation": batch}, fits)

    found = run_slices(engine, array, batch=4, context=1).outputs["segmentation"][0]

    padded = np.concatenate([array[:, :1], array, array[:, -1:]], axis=1)[0]
    assert np.array_equal(found, np.stack([padded[:-2], padded[1:-1], padded[2:]]))
