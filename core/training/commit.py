"""Which state of this code made a checkpoint: the commit of the working tree, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

GIT_S = 10
"""Seconds after which git is not waited for."""


def commit() -> str | None:
    """The commit that is checked out, with a word where tracked files differ from it; None outside a repository."""
    git, here = shutil.which("git"), Path(__file__).resolve().parents[2]
    if git is None or not (here / ".git").exists():
        return None
    head = _git(git, here, "rev-parse", "HEAD")
    changed = _git(git, here, "status", "--porcelain", "--untracked-files=no", "--", "core")
    return None if not head else f"{head}, with changes" if changed else head


def _git(git: str, here: Path, *words: str) -> str:
    try:
        # A fixed program and fixed words.
        done = subprocess.run([git, *words], cwd=here, capture_output=True, text=True, timeout=GIT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
