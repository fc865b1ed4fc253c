"""Where networks run."""

from __future__ import annotations

import pytest
import torch

from core.engines import devices
from core.engines.devices import choose_device
from core.errors import InferenceError
from core.settings import settings


@pytest.mark.seeds(54)
def test_gpu_is_taken_when_there_is_one_and_the_cpu_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting 'auto' decides by what is there."""
    monkeypatch.setattr(devices, "_driver_sees_one", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device() == "cpu"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == "cuda"
    assert choose_device("cpu") == "cpu"


def test_gpu_by_name_where_there_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a GPU must not wait for a CPU without knowing."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("READROOM_DEVICE", "cuda")
    settings.cache_clear()

    with pytest.raises(InferenceError, match="none can be used"):
        choose_device()
