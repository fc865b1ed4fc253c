"""Damage to bytes: cut, flipped, overwritten with extreme numbers, rearranged.

Owns the ways of damaging; what is damaged comes from `sound`.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

Mutator = Callable[[random.Random, bytes], bytes]

EXTREMES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**62,
    2**63,
    2**64 - 1,
)
"""The numbers that lengths, counts and offsets are checked against least often."""


def truncated(rng: random.Random, content: bytes) -> bytes:
    """The beginning: anywhere, or a few bytes short of the end."""
    if rng.random() < 0.3:
        return content[: -rng.randint(1, 16)]
    return content[: rng.randrange(len(content))]


def flipped(rng: random.Random, content: bytes) -> bytes:
    """One to sixty-four bits the other way round, half of the time in the first KiB."""
    data = bytearray(content)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 1024)
    for _ in range(2 ** rng.randint(0, 6)):
        data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(data)


def overwritten(rng: random.Random, content: bytes) -> bytes:
    """A header that lies: fields of two, four or eight bytes replaced by extreme numbers, in either byte order."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        code = rng.choice("HIQ")
        size = struct.calcsize(code)
        value = rng.choice(EXTREMES) % 2 ** (8 * size)
        at = rng.randrange(max(1, min(len(data), 1024) - size))
        data[at : at + size] = struct.pack(rng.choice("<>") + code, value)
    return bytes(data)


def rearranged(rng: random.Random, content: bytes) -> bytes:
    """A block cut out, doubled, moved, or set to zero."""
    start = rng.randrange(len(content))
    end = min(len(content), start + rng.choice((1, 2, 16, 512, 4096)))
    block, rest = content[start:end], content[:start] + content[end:]
    how = rng.randrange(4)
    if how == 0:
        return rest
    if how == 1:
        return content[:end] + block * rng.choice((1, 2, 300)) + content[end:]
    if how == 2:
        at = rng.randrange(len(rest) + 1)
        return rest[:at] + block + rest[at:]
    return content[:start] + bytes(end - start) + content[end:]


MUTATORS: dict[str, Mutator] = {
    "truncated": truncated,
    "bits flipped": flipped,
    "lying header": overwritten,
    "rearranged": rearranged,
}
