"""The commit on a card names a state of the code, and nothing where there is no repository."""

from __future__ import annotations

import re
import shutil

import pytest

from core.training import commit as module
from core.training.commit import commit


def test_commit_is_a_hash_or_absent() -> None:
    """A card made from an archive must not invent one."""
    found = commit()

    assert found is None or re.fullmatch(r"[0-9a-f]{40}(, with changes)?", found)


def test_no_git_means_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git ships models too."""
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert module.commit() is None
