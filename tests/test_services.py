"""Services: one list, one cache, and health that says what is in the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import services as served
from core.errors import ConfigError, ModelNotFound, UnsupportedFile
from core.models.catalog import read_model
from core.models.ensembles import write_ensemble
from core.models.loading import loaded_mib
from core.models.model import EnsembleRule
from core.services import BaseMLService, ServiceState, discover, services
from core.settings import settings
from tests.models.conftest import shelve, tiny_config  # noqa: F401  # a fixture

FILM = {"kind": "film", "size": [64, 64], "divisor": 4, "normalisation": "zscore"}


@pytest.fixture(autouse=True)
def no_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test defines its own, and starts with nothing loaded."""
    from core.models import loading

    monkeypatch.setattr(served, "_services", {})
    monkeypatch.setattr(loading, "_loaded", type(loading._loaded)())
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    return


@pytest.fixture
def shelf(shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """Two tiny multitask models of films."""
    for number in range(2):
        path = shelve(f"spots_{'ab'[number]}_v1.0.0", config=tiny_config(input=FILM), seed=number)
    monkeypatch.setenv("READROOM_SHELF", str(path.parent.parent))
    settings.cache_clear()
    return path.parent.parent


def _serving(name: str, version: str = "") -> BaseMLService:
    made: type[BaseMLService] = type("Spots", (BaseMLService,), {"model_name": name, "model_version": version})
    return made()


@pytest.mark.seeds(37)
def test_health_follows_the_file(shelf: Path) -> None:
    """A model that is changed while the service runs is broken at once, and says why."""
    service = _serving("spots_a", "1.0.0")
    assert service.health().state is ServiceState.IDLE
    path = shelf / "spots_a_v1.0.0" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)

    health = service.health()

    assert (health.state, health.model_id) == (ServiceState.BROKEN, "spots_a_v1.0.0")
    assert "Checksum differs" in health.why


@pytest.mark.seeds(38)
def test_weights_are_kept_by_the_one_cache_and_given_up_when_the_budget_is_short(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least recently used goes first; the service says idle then, and answers all the same."""
    first, second = _serving("spots_a"), _serving("spots_b")
    _ = first.model
    one = sum(loaded_mib().values())
    monkeypatch.setenv("READROOM_WEIGHTS_CACHE_MIB", "1")
    settings.cache_clear()
    monkeypatch.setattr("core.models.loading.settings", lambda: type("Small", (), {"weights_cache_mib": one * 1.5})())

    _ = second.model

    assert first.health().state is ServiceState.IDLE
    assert second.health().state is ServiceState.LOADED
    assert second.health().memory_mib == pytest.approx(one)
    assert set(first.predict(np.zeros((64, 64)) + np.eye(64)).scores) == {"class-1", "class-2"}
    assert first.health().state is ServiceState.LOADED


@pytest.mark.seeds(38)
def test_asking_for_health_imports_no_network_library(shelf: Path) -> None:
    """A watchdog that asks every minute must not carry half a gigabyte of libraries."""
    code = (
        "import sys; from core.services import BaseMLService\n"
        "class Spots(BaseMLService): model_name = 'spots_a'\n"
        "print(Spots().health().state, 'torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[1]

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout == "idle False\n"


def test_an_ensemble_is_served_with_all_its_members(shelf: Path) -> None:
    """It has no weights of its own: it is loaded when they are."""
    members = [read_model(shelf / f"spots_{letter}_v1.0.0" / "model.safetensors") for letter in "ab"]
    write_ensemble(shelf / "both_v1.0.0.ensemble.json", members, rule=EnsembleRule.MEAN)
    service = _serving("both")
    assert service.health().state is ServiceState.IDLE

    _ = service.model

    assert service.health().state is ServiceState.LOADED
    assert len(loaded_mib()) == 2


def test_a_model_that_is_not_there_is_told_with_those_that_are(shelf: Path) -> None:
    """By name, by version, and a version that is none."""
    with pytest.raises(ModelNotFound, match=r"no model spots_c on the shelf.*spots_a_v1\.0\.0, spots_b_v1\.0\.0"):
        _ = _serving("spots_c").model
    assert _serving("spots_a", "v2").health().state is ServiceState.BROKEN
    assert "The version 'newest' is none." in _serving("spots_a", "newest").health().why


def test_two_services_of_one_name_are_refused_and_one_defined_again_is_not() -> None:
    """A notebook's cell runs twice; two modules that claim one model are a mistake."""
    body: dict[str, Any] = {"model_name": "spots", "__module__": "one"}
    type("Spots", (BaseMLService,), dict(body))
    again = type("Spots", (BaseMLService,), dict(body))
    assert services() == {"spots": again}

    with pytest.raises(ConfigError, match="Two services answer for spots"):
        type("Spots", (BaseMLService,), {**body, "__module__": "two"})


@pytest.mark.seeds(37)
def test_a_package_is_searched_with_all_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Auto-discovery: a file in the package is enough."""
    package = tmp_path / "lab_services"
    package.mkdir()
    (package / "__init__.py").touch()
    text = "from core.services import BaseMLService\n\nclass Spots(BaseMLService):\n    model_name = 'spots'\n"
    (package / "spots.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    assert list(discover("lab_services")) == ["spots"]
    with pytest.raises(ConfigError, match="cannot be imported"):
        discover("no_such_services")


@pytest.mark.parametrize("array", [np.zeros(5), np.zeros((2, 8, 8)), np.array([["a"]]), np.zeros((0, 8))])
def test_an_array_that_is_no_film_is_refused_in_words(shelf: Path, array: Any) -> None:
    """The shapes that are read are named."""
    with pytest.raises(UnsupportedFile, match="The array has"):
        _serving("spots_a").predict(array)
