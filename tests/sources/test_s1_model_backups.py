"""S1's snippets as its reader would run them: only the import path is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.models import build_model as ours

SNIPPET = """
import torch
from core.models import build_model

# Load checkpoint
ckpt = torch.load('model_backups/best_overall_val98.80_test97.30.pt')

# Build model
model_name = ckpt['config']['model']
num_classes = len(ckpt['classes'])
model, _ = build_model(model_name, num_classes)

# Load weights
model.load_state_dict(ckpt['model'])
model.eval()
"""


@pytest.fixture
def backups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the document describes it, and the working directory above it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_backups").mkdir()
    return tmp_path / "model_backups"


@pytest.mark.seeds(1, 2, 3)
@pytest.mark.parametrize("name", ["efficientnet_b0", "densenet121"])
def test_loading_a_model_as_the_document_says(backups: Path, name: str) -> None:
    """The two architectures of the document's later models, at its input size."""
    network, _ = ours(name, 2)
    torch.save(
        {"config": {"model": name, "img_size": 384}, "classes": ["normal", "pneumonia"], "model": network.state_dict()},
        backups / "best_overall_val98.80_test97.30.pt",
    )
    held: dict[str, object] = {}

    exec(SNIPPET, held)  # noqa: S102  # the document's own text

    model = held["model"]
    assert isinstance(model, torch.nn.Module)
    assert not model.training
    with torch.inference_mode():
        assert torch.equal(model(torch.ones(1, 3, 384, 384)), network.eval()(torch.ones(1, 3, 384, 384)))
