"""What a bug report needs."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pytest

from .conftest import Answer


@pytest.mark.seeds(10)
def test_versions_that_decide_a_number_are_printed(run: Callable[..., Answer]) -> None:
    """The source document's notes ask for version checks; a report without versions cannot be followed up."""
    answer = run("versions")

    assert answer.code == 0
    for name in ("torch", "torchvision", "monai", "numpy", "pydicom", "nibabel", "streamlit"):
        assert f"{name} {version(name)}" in answer.out.splitlines()


def test_changed_settings_are_named_without_their_values(
    run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's name can hold a person's name; which setting was changed is enough."""
    monkeypatch.setenv("READROOM_SHELF", "/home/jane.doe/shelf")

    answer = run("versions")

    assert "READROOM_SHELF" in answer.out
    assert "jane" not in answer.out
