"""The workflow behind `python -m core sign`: what the history says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.models import get_model
from core.settings import settings
from core.workflows.integrity import make_keys, sign
from core.workflows.registry import history
from tests.pages.tiny_shelf import CHEST, CHEST_TWO


def test_the_history_of_a_signed_model_says_so_and_of_no_other(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who signed which bytes is a question of years later."""
    own = shutil.copytree(shelf, tmp_path / "shelf")
    monkeypatch.setenv("READROOM_SHELF", str(own))
    settings.cache_clear()
    keys = make_keys(tmp_path / "keys")
    model = get_model(CHEST)

    sign(model.path.parent if model.path.parent != own else model.path, keys.private)

    assert [(line.what, line.after) for line in history(CHEST)] == [("signed", model.file_sha256)]
    assert history(CHEST_TWO) == []
