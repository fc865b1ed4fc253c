"""What every test starts from: an empty home of its own, and the real data where it lies beside us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import settings

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes generated documentation and golden files anew; the diff is then read by a person."""
    parser.addoption("--update-goldens", action="store_true", help="write generated files anew instead of comparing")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of this test's own: nothing a test does may reach the user's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("READROOM_HOME", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real films and volumes, in the folder that READROOM_TEST_DATA or ../shared/data names."""
    folder = Path(os.environ.get("READROOM_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "xray" / "README.md").exists():
        pytest.skip("the real data is not beside this checkout (../shared/data)")
    return folder
