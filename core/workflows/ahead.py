"""Reading one item ahead: the next study is decoded while a network is busy with this one.

Owns the one thread in which that happens. What is read, and what a refusal becomes, is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(items: Sequence[T], read: Callable[[T], R]) -> Generator[tuple[T, R]]:
    """Each item with what `read` makes of it, in order; two of these are held at a time, and no more.

    Close it when not all are wanted: it then waits for the one that is being read. What `read` raises comes when its
    item does.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = [thread.submit(read, item) for item in items[:1]]
        for number, item in enumerate(items):
            made = coming.pop().result()
            coming += [thread.submit(read, after) for after in items[number + 1 : number + 2]]
            yield item, made
