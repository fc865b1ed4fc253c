"""The level of two-sided intervals: 95 % unless somebody asked for another one.

Owns the level in force. It belongs to a whole answer, and every interval in it must have the same one: handed
through each function it would be forgotten in one of them, and nobody would see it. Confidences of guarantees are
their own, and p values know no level.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import scipy

LEVEL = 0.95

Z_95 = 1.959963984540054
"""The 0.975 quantile of the normal distribution: two-sided 95 %."""

_level: ContextVar[float] = ContextVar("level", default=LEVEL)


def level() -> float:
    """The level in force, 0..1."""
    return _level.get()


def tail() -> float:
    """What lies beyond each end of an interval: half of 1 - level."""
    return (1 - level()) / 2


def normal_z() -> float:
    """The normal quantile of the level in force."""
    return Z_95 if level() == LEVEL else float(scipy.special.ndtri(1 - tail()))


@contextmanager
def at_level(wanted: float) -> Iterator[None]:
    """All intervals made within, in this thread, have this level.

    Raises
    ------
    ValueError : it does not lie between 0 and 1.
    """
    if not 0 < wanted < 1:
        raise ValueError("a level lies between 0 and 1")
    token = _level.set(wanted)
    try:
        yield
    finally:
        _level.reset(token)
