"""S3's generator: configurations for folders that lack one, sizes from the tensors."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from core.models import ModelConfig, create_multi_task_model
from core.models.config import CONFIG_NAME
from core.workflows.generate_configs import generate_configs


@pytest.mark.seeds(30)
def test_missing_configurations_are_written_with_the_sizes_of_the_tensors(tmp_path: Path) -> None:
    """Existing ones are kept as they are, and a folder that cannot be read does not stop the others."""
    for name, sizes in (("multitask_cls_head", (8, 2)), ("multitask_joint", (4, 3))):
        (tmp_path / name).mkdir()
        network = create_multi_task_model(base_filters=sizes[0], depth=sizes[1])
        torch.save({"model_state_dict": network.state_dict()}, tmp_path / name / "best_model.pth")
    ModelConfig(base_filters=8, depth=2, description="kept").save(tmp_path / "multitask_cls_head" / CONFIG_NAME)
    (tmp_path / "own").mkdir()
    torch.save(nn.Linear(1, 1).state_dict(), tmp_path / "own" / "best_model.pth")
    (tmp_path / "empty").mkdir()

    kept, joint, own = generate_configs(tmp_path)

    assert (kept.name, kept.written, ModelConfig.load(kept.location).description) == (
        "multitask_cls_head",
        False,
        "kept",
    )
    assert joint.lines()[:3] == (
        "[OK] Generated config for: multitask_joint",
        f"  Location: {tmp_path / 'multitask_joint' / CONFIG_NAME}",
        "  Architecture: base_filters=4, depth=3",
    )
    assert ModelConfig.from_checkpoint_dir(tmp_path / "multitask_joint").depth == 3
    assert own.config is None
    assert "no known architecture" in str(own.problem)
    assert not (tmp_path / "own" / CONFIG_NAME).exists()
