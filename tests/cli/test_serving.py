"""`services`: the health of a package of services at the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import services as served
from core.models import loading

from .conftest import FILMS, Answer

MODULE = """
from core.services import BaseMLService

class Films(BaseMLService):
    model_name = "tiny_films"

class Gone(BaseMLService):
    model_name = "gone"
"""


@pytest.mark.seeds(37, 38)
def test_health_of_a_package_with_time_and_memory(
    run: Callable[..., Answer], shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line a service; a broken one is exit code 1 and says why."""
    monkeypatch.setattr(served, "_services", {})
    monkeypatch.setattr(loading, "_loaded", type(loading._loaded)())
    (tmp_path / "lab_films.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)

    said = run("services", "lab_films")
    loaded = run("services", "lab_films", "--load", "--json")

    assert said.code == loaded.code == 1
    assert f"tiny_films: idle ({FILMS})" in said.out
    assert "There is no model gone on the shelf." in said.out
    gone, films = loaded.json_lines
    assert (gone["state"], films["state"]) == ("broken", "loaded")
    assert films["load_s"] > 0
    assert films["memory_mib"] > 0
    assert run("services", "no_such_module").code == 1
