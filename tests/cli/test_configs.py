"""`configs`: the third source document's generator at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.models import ModelConfig, create_multi_task_model

from .conftest import Answer


@pytest.mark.seeds(30)
def test_folders_without_configuration_get_one_read_from_the_tensors(
    tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """Sizes that are guessed are how training and inference come to disagree."""
    sizes = {"base_filters": 8, "depth": 3, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2}
    folder = tmp_path / "checkpoints" / "joint"
    folder.mkdir(parents=True)
    torch.save({"model_state_dict": create_multi_task_model(**sizes).state_dict()}, folder / "best_model.pth")

    first = run("configs", tmp_path / "checkpoints")
    again = run("configs", tmp_path / "checkpoints")

    config = ModelConfig.from_checkpoint_dir(folder)
    assert first.code == again.code == 0
    assert (config.base_filters, config.depth) == (8, 3)
    assert "[OK] Generated config for: joint" in first.out
    assert str(folder / "model_config.json") in first.out
    assert "base_filters=8, depth=3" in first.out
    assert "Generated 1 configuration file." in first.out
    assert "[OK] Kept config for: joint" in again.out
    assert "Generated 0 configuration files." in again.out


def test_folder_that_is_not_there_is_wrong_usage(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A mistyped folder must not pass for one without checkpoints."""
    assert run("configs", tmp_path / "absent").code == 2
