"""The network libraries: all of them, once, and by one thread at a time."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.models.model import Model
from core.settings import settings
from core.workflows.libraries import ALWAYS, TORCHS, require_libraries
from tests.pages.tiny_shelf import CHEST

FIRST_RUN = """
import sys
from pathlib import Path
from core.models.catalog import get_model
from core.models.model import Model
from core.settings import settings
from core.studies import read_study
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows.libraries import require_libraries
from tests.pages.tiny_shelf import CHEST, HIPPOCAMPUS
folder = Path(sys.argv[1])
synthetic_film(folder / "film.png", 1)
synthetic_volume(folder / "volume.nii.gz", 1)
studies = {CHEST: read_study([folder / "film.png"]), HIPPOCAMPUS: read_study([folder / "volume.nii.gz"])}

require_libraries([get_model(CHEST)])
before = set(sys.modules)
for name, study in studies.items():
    sys.modules["core.workflows.predict"].predict(study, get_model(name), explain=name == CHEST)

print(*sorted(name for name in set(sys.modules) - before if not name.startswith("core.")))
"""
"""In a process of its own, since this one has everything imported long ago."""


def test_the_first_run_after_them_imports_nothing_more(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that is missing from the list costs the first user seconds, and may lock two threads out."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")

    done = subprocess.run(
        [sys.executable, "-c", FIRST_RUN, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == []


@pytest.fixture
def on_torch(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model that nobody converted."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    settings.cache_clear()
    return get_model(CHEST)


def test_threads_import_one_after_another(on_torch: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that import MONAI at once can lock each other out, and one of them then fails."""
    busy, met, asked = threading.Lock(), threading.Event(), []

    def import_slowly(name: str) -> None:
        if not busy.acquire(blocking=False):
            met.set()
            return
        time.sleep(0.01)
        asked.append(name)
        busy.release()

    monkeypatch.setattr(importlib, "import_module", import_slowly)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: require_libraries([on_torch]), range(4)))

    assert not met.is_set()
    assert asked == [*ALWAYS, *TORCHS] * 4


def test_a_library_that_is_missing_is_told_and_locks_nobody_out(
    on_torch: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that asked fails with the reason; the next one must not wait for ever."""

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    with monkeypatch.context() as broken:
        broken.setattr(importlib, "import_module", missing)
        with pytest.raises(ModuleNotFoundError, match="predict"):
            require_libraries([on_torch])

    require_libraries([on_torch])
    assert {*ALWAYS, *TORCHS} <= set(sys.modules)
