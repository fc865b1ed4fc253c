"""Idle owners' folders go; those in use stay, also over a restart."""

from __future__ import annotations

import os
import time

import pytest

from core.settings import settings
from core.workspace import Workspace, sweep_expired
from tests.workspace.conftest import small_study


def _idle(workspace: Workspace, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(workspace.folder / "touched", (then, then))


def test_only_what_was_idle_too_long_is_deleted(owner: Workspace, other: Workspace) -> None:
    """Start-up sweeps too, so a restart must take nothing that is still in use."""
    owner.add_study(small_study())
    other.add_study(small_study())
    _idle(owner, 12.1)
    _idle(other, 11.9)

    assert sweep_expired() == 1

    assert owner.cases() == []
    assert not owner.folder.exists()
    assert len(other.cases()) == 1


def test_coming_back_starts_the_time_anew(owner: Workspace) -> None:
    """Someone who reads all day must not lose the morning's cases."""
    owner.add_study(small_study())
    _idle(owner, 11.9)

    owner.touch()

    assert time.time() - (owner.folder / "touched").stat().st_mtime < 60
    assert sweep_expired() == 0


def test_the_idle_time_is_a_setting(owner: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared server may want an hour."""
    monkeypatch.setenv("READROOM_IDLE_HOURS", "1")
    settings.cache_clear()
    owner.add_study(small_study())
    _idle(owner, 1.1)

    assert sweep_expired() == 1
