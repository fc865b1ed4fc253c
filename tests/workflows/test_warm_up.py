"""The warm start: nothing that takes seconds is left for the first user, and nothing it meets stops the server."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.errors import WorkerBreach
from core.studies.synthetic import synthetic_film
from core.workflows.libraries import ALWAYS
from core.workflows.open_study import open_study, reading_workers
from core.workflows.warm_up import warm_up


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """Objects frozen here must not stay out of reach of the collector for other tests."""
    yield
    gc.unfreeze()


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_after_it_the_first_upload_starts_no_process_and_the_first_run_imports_nothing(tmp_path: Path) -> None:
    """The decoder worker stands ready and the libraries are there: that is what it is for."""
    reading_workers().close()
    synthetic_film(tmp_path / "film.png", 1)
    cold = _children()

    warm_up()

    warm = _children()
    open_study([tmp_path / "film.png"])
    assert warm > cold
    assert _children() == warm
    assert set(ALWAYS) <= set(sys.modules)


def test_what_stays_for_good_is_left_out_of_collections() -> None:
    """Going through the libraries' million objects at each collection would let a page's large arrays pile up."""
    gc.unfreeze()
    before = gc.get_freeze_count()

    warm_up()

    assert gc.get_freeze_count() > before + 100_000


def test_a_worker_that_does_not_start_is_logged_and_the_rest_is_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal comes again, in words, to whoever uploads; the server starts all the same."""
    done: list[str] = []

    def refuse(files: list[Path]) -> None:
        raise WorkerBreach(found="The worker ended at once.", why="Nothing was read.", do="Try again.")

    monkeypatch.setattr("core.workflows.warm_up.group_uploads", refuse)
    monkeypatch.setattr("core.workflows.warm_up.require_libraries", lambda _: done.append("libraries"))

    with caplog.at_level(logging.WARNING):
        warm_up()

    assert "The worker ended at once." in caplog.text
    assert done == ["libraries"]
