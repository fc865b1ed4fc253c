"""Which library versions wrote a checkpoint, and what that means here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "torchvision", "monai")
"""Libraries whose networks and kernels decide what weights mean."""

OLDEST_TORCH = 2
"""The source documents ask for PyTorch 2.0 or newer."""


def installed_versions() -> dict[str, str]:
    """The versions at hand, read without importing the libraries."""
    found = {name: _version(name) for name in LIBRARIES}
    return {name: held for name, held in found.items() if held is not None}


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def version_notes(written_with: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each library whose major version differs from the one that wrote the checkpoint."""
    here = installed_versions()
    notes = []
    for name, wrote in written_with.items():
        if name in here and _major(wrote) != _major(here[name]):
            notes.append(f"Written with {name} {wrote[:20]}; {here[name]} is installed. The self-test decides.")
    if "torch" in here and (_major(here["torch"]) or 0) < OLDEST_TORCH:
        notes.append(f"torch {here['torch']} is installed; {OLDEST_TORCH}.0 or newer is needed.")
    return tuple(notes)


def _major(text: str) -> int | None:
    head = text.split(".", 1)[0]
    return int(head) if head.isdigit() else None
