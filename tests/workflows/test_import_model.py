"""The workflow behind `python -m core import`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.models import build_model, get_model
from core.workflows.import_model import import_model
from core.workflows.registry import history


@pytest.mark.seeds(1, 13)
def test_an_imported_model_can_be_asked_for_by_its_id(tmp_path: Path) -> None:
    """What the command prints is what `predict --model` takes."""
    network, _ = build_model("mobilenet_v3_small", 2)
    torch.save({"model": network.state_dict(), "config": {"model": "mobilenet_v3_small"}, "classes": ["a", "b"]},
               tmp_path / "m.pt")  # fmt: skip

    model = import_model(tmp_path / "m.pt", id="demo_v1.0.0", config={"input": {"size": [256, 256]}})

    assert get_model("demo_v1.0.0") == model
    assert [(line.what, line.after) for line in history("demo_v1.0.0")] == [("imported", model.file_sha256)]
    assert model.input.size == (256, 256)
