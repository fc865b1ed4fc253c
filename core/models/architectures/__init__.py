"""The table of architectures: one file each, found by itself. A name is looked up here and never imported."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from core.errors import ConfigError
from core.models.architectures._base import Architecture, Shapes, Task

__all__ = ["Architecture", "Shapes", "Task", "get", "known", "names"]


@cache
def known() -> dict[str, Architecture]:
    """Every architecture by name, sorted.

    Raises
    ------
    ValueError : two files claim one name.
    """
    table: dict[str, Architecture] = {}
    for entry in pkgutil.iter_modules(__path__):
        if entry.name.startswith("_"):
            continue
        found: Architecture = importlib.import_module(f"{__name__}.{entry.name}").ARCHITECTURE
        if found.name in table:
            raise ValueError(f"two architectures are called {found.name}")
        table[found.name] = found
    return dict(sorted(table.items()))


def names() -> tuple[str, ...]:
    """The known names, sorted."""
    return tuple(known())


def get(name: str) -> Architecture:
    """The architecture of that name.

    Raises
    ------
    ConfigError : the name is unknown; the known ones are listed.
    """
    if name not in known():
        raise ConfigError(
            found=f'The architecture "{name[:60]}" is not in the table.',
            why="A network is only ever built from this table, never from code that a file names.",
            do=f"Use one of: {', '.join(names())}.",
        )
    return known()[name]
