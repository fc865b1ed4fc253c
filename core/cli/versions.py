"""`versions`: what a bug report needs, and nothing that names a person or a place."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core import __version__
from core.cli.say import answer

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"


def versions() -> None:
    """Print the versions and the machine's facts that a bug report needs."""
    answer(f"readroom {__version__}")
    answer(f"python {platform.python_version()} ({platform.python_implementation()})")
    answer(f"system {platform.system()} {platform.release()} {platform.machine()}")
    answer(f"cores {os.cpu_count()}, memory {_memory_mib()} MiB")
    for name in _packages():
        answer(f"{name} {_installed(name)}")
    changed = sorted(name for name in os.environ if name.startswith("READROOM_"))
    # Names only: a value can be a folder with a person's name in it.
    answer(f"settings changed: {', '.join(changed) or 'none'}")


def _packages() -> list[str]:
    """The packages that the project asks for, as its requirements name them."""
    lines = REQUIREMENTS.read_text().splitlines() if REQUIREMENTS.exists() else []
    return sorted(match[0] for line in lines if (match := re.match(r"[A-Za-z][\w.-]*", line)))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _memory_mib() -> int:
    import psutil

    return int(psutil.virtual_memory().total // 2**20)
