"""Recordings of a network's work, with the recorder replaced: where there is no GPU, its faults are made up."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from core.engines.recorded import AFTER, KEPT, Forward, Recorded, Tensors


class Recorder:
    """Stands for the GPU's: what it recorded, and what goes wrong."""

    def __init__(self, fault: Exception | None = None, *, off: float = 0.0) -> None:
        self.fault, self.off = fault, off
        self.asked: list[tuple[int, ...]] = []
        self.replays = 0

    def __call__(self, forward: Forward, inputs: torch.Tensor) -> Forward:
        self.asked.append(tuple(inputs.shape))
        if self.fault is not None:
            raise self.fault

        def replay(given: torch.Tensor) -> Tensors:
            self.replays += 1
            return {name: value + self.off for name, value in forward(given).items()}

        return replay


def double(inputs: torch.Tensor) -> Tensors:
    return {"logits": 2 * inputs}


def batch(n: int) -> torch.Tensor:
    return torch.arange(float(n * 3)).reshape(n, 3)


def is_right(answer: Tensors, inputs: torch.Tensor) -> bool:
    return torch.equal(answer["logits"], 2 * inputs)


def test_a_shape_is_recorded_once_it_was_met_again() -> None:
    """Then every answer is a replay's, and the same."""
    recorder = Recorder()
    recorded = Recorded(recorder)

    for number in range(AFTER + 3):
        inputs = batch(2) + number
        assert is_right(recorded(double, inputs), inputs)

    assert recorder.asked == [(2, 3)]
    assert recorder.replays == 1 + 3  # held against the network's own, then used


def test_a_shape_met_once_is_not_recorded() -> None:
    """The last batch of a volume is often smaller."""
    recorder = Recorder()
    recorded = Recorded(recorder)
    for n in range(1, 6):
        recorded(double, batch(n))

    assert recorder.asked == []


def test_the_shapes_used_last_are_held() -> None:
    """Each recording holds the memory of a run."""
    recorder = Recorder()
    recorded = Recorded(recorder)
    for n in range(1, KEPT + 2):
        for _ in range(AFTER):
            recorded(double, batch(n))
    asked = len(recorder.asked)

    recorded(double, batch(KEPT + 1))
    assert len(recorder.asked) == asked
    recorded(double, batch(1))
    assert len(recorder.asked) == asked + 1


@pytest.mark.parametrize(
    "recorder",
    [
        Recorder(RuntimeError("CUDA error: operation not permitted when stream is capturing")),
        Recorder(torch.OutOfMemoryError("CUDA out of memory")),
        Recorder(off=1e-6),
    ],
    ids=["a step that waits", "memory", "another answer"],
)
def test_what_cannot_be_recorded_runs_as_before(recorder: Recorder) -> None:
    """And is not tried again at every film."""
    recorded = Recorded(recorder)
    for number in range(AFTER + 4):
        inputs = batch(2) + number
        assert is_right(recorded(double, inputs), inputs)

    assert len(recorder.asked) == 1


def test_recordings_are_given_up_where_the_network_needs_their_memory() -> None:
    """A larger batch must not fail, or go to the CPU, for the sake of speed."""
    recorder = Recorder()
    recorded = Recorded(recorder)
    for _ in range(AFTER):
        recorded(double, batch(1))
    room = False

    def large(inputs: torch.Tensor) -> Tensors:
        nonlocal room
        if not room:
            room = True
            raise torch.OutOfMemoryError("CUDA out of memory")
        return double(inputs)

    assert is_right(recorded(large, batch(9)), batch(9))
    replays = recorder.replays
    assert is_right(recorded(double, batch(1)), batch(1))
    assert recorder.replays == replays


def test_the_networks_own_faults_are_the_callers() -> None:
    """Without a recording to give up, lack of memory is told to who can take fewer windows."""

    def short(_: torch.Tensor) -> Tensors:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Recorded(Recorder())(short, batch(1))


def test_two_callers_do_not_share_a_recordings_inputs() -> None:
    """Services answer several requests at once; one must not get the other's scores."""
    place: list[torch.Tensor] = []

    def record(forward: Forward, _: torch.Tensor) -> Forward:
        def replay(given: torch.Tensor) -> Tensors:
            place[:] = [given]
            time.sleep(0.005)
            return forward(place[0])

        return replay

    recorded = Recorded(record)
    for _ in range(AFTER):
        recorded(double, batch(2))
    wrong: list[int] = []

    def ask(number: int) -> None:
        for turn in range(10):
            inputs = batch(2) + 100 * number + turn
            if not is_right(recorded(double, inputs), inputs):
                wrong.append(number)

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert wrong == []
