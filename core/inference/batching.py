"""How many windows, or slices, a network is fed at a time: what memory allows, and no more than gains something.

Owns the number alone. What is done when memory does not suffice after all is `sliding_window`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from core.engines.devices import free_bytes

GAINFUL_SAMPLES = 2**19
"""Samples in a batch on a CPU. Two cores are busy by then: windows of 32 x 32 x 32 take 22 % less of a processor
16 at a time than one by one, windows of 64 x 64 x 64 in fours 4 %, and windows of 128 x 128 x 128 in fours 12 % more,
with twice the memory (OpenVINO and ONNX Runtime alike)."""

SAMPLE_BYTES = 1024
"""What a network needs for a sample that it is fed. A U-Net takes a tenth of it; it is meant for the widest."""

SHARE = 0.5
"""Of the free memory: the label map, the pictures and other people need some too."""


def at_a_time(count: int, shape: Sequence[int], place: str, most: int) -> int:
    """How many of `count` inputs of that shape (*spatial) go together, at least 1 and not above `most`.

    Batches are as even as they can be: where the count divides, the network sees one shape only.
    """
    samples = prod(shape)
    limit = min(most, int(SHARE * free_bytes(place)) // (samples * SAMPLE_BYTES))
    if place == "cpu":
        limit = min(limit, GAINFUL_SAMPLES // samples)
    batches = -(-count // max(1, limit))
    return -(-count // batches)
