"""A network's work on a GPU, recorded once for a shape and replayed: launching its operators one by one takes longer
than they do where one film is scored at a time.

Owns when a shape is recorded, and that a recording is used only after it gave the network's own answer, bit for bit.
Whatever goes wrong in recording leaves the network as it was: it is then run operator by operator.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import torch

Tensors = Mapping[str, torch.Tensor]
Forward = Callable[[torch.Tensor], Tensors]

AFTER: Final = 2
"""Runs of a shape before it is recorded: a shape that is met once is not worth the memory."""

KEPT: Final = 2
"""Recordings held for a network in one precision, the last used ones; each holds the memory of a run."""

log = logging.getLogger(__name__)


class Recorded:
    """The recordings of one network, which it does not hold. One call at a time: a recording has one place for inputs.

    record : makes a recording for inputs like the given one.
    """

    def __init__(self, record: Callable[[Forward, torch.Tensor], Forward]) -> None:
        self._record = record
        self._recordings: OrderedDict[tuple[int, ...], Forward] = OrderedDict()
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._gave_up = False
        self._turn = threading.Lock()

    def __call__(self, forward: Forward, inputs: torch.Tensor) -> Tensors:
        """The network's outputs by name for one batch (n, channels, *spatial), replayed where they can be.

        Raises
        ------
        RuntimeError, torch.OutOfMemoryError : as the network.
        """
        with self._turn:
            return self._run(forward, inputs)

    def _run(self, forward: Forward, inputs: torch.Tensor) -> Tensors:
        shape = tuple(inputs.shape)
        if shape in self._recordings:
            self._recordings.move_to_end(shape)
            return self._recordings[shape](inputs)
        answer = self._without_recording(forward, inputs)
        self._seen[shape] += 1
        if not self._gave_up and self._seen[shape] >= AFTER:
            self._keep_recording(forward, inputs, answer)
        return answer

    def _without_recording(self, forward: Forward, inputs: torch.Tensor) -> Tensors:
        try:
            return forward(inputs)
        except torch.OutOfMemoryError:
            if not self._recordings:
                raise
        # Not inside the block: the error would hold the failed run's memory while the second one needs it.
        self._give_up("memory is short")
        return forward(inputs)

    def _keep_recording(self, forward: Forward, inputs: torch.Tensor, answer: Tensors) -> None:
        if not all(bool(torch.isfinite(value).all()) for value in answer.values()):
            return  # float16 ran over: the next run is in float32
        try:
            replay = self._record(forward, inputs)
            found = replay(inputs)
        except RuntimeError as fault:  # a step that cannot be recorded, or memory
            self._give_up(type(fault).__name__)
            return
        if found.keys() != answer.keys() or not all(torch.equal(found[name], answer[name]) for name in answer):
            self._give_up("the recording gave another answer")
            return
        self._recordings[tuple(inputs.shape)] = replay
        while len(self._recordings) > KEPT:
            self._recordings.popitem(last=False)

    def _give_up(self, why: str) -> None:
        log.warning("a network is run without recordings from now on: %s", why)
        self._gave_up = True
        self._recordings.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def record_on_gpu(forward: Forward, inputs: torch.Tensor) -> Forward:
    """A CUDA graph of one run, as torch's notes on CUDA semantics have it: once on a stream of its own, then captured.

    Raises
    ------
    RuntimeError : a step waits for the GPU, or memory does not suffice.
    """
    held = inputs.clone()
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        forward(held)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads go on with their own work
        outputs = forward(held)

    def replay(given: torch.Tensor) -> Tensors:
        held.copy_(given)
        graph.replay()
        return {name: value.clone() for name, value in outputs.items()}

    return replay
