"""What several workflows are tested with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.tiny_shelf import make_shelf


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models, made once."""
    return make_shelf(tmp_path_factory.mktemp("shelf"))
