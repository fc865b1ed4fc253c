"""`configs`: the third source document's generator at a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.models import ModelConfig, build_model, create_multi_task_model

from .conftest import Answer

SIZES = {"base_filters": 8, "depth": 3, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2}

RULE = "=" * 80


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """Three folders as in the document."""
    state = create_multi_task_model(**SIZES).state_dict()
    for name in ("multitask_cls_head", "multitask_joint", "multitask_seg_warmup"):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        torch.save({"model_state_dict": state}, folder / "best_model.pth")
        (folder / "last_model.pth").write_bytes(b"")
    return tmp_path / "checkpoints"


@pytest.mark.seeds(30)
def test_the_documents_output_line_by_line(checkpoints: Path, run: Callable[..., Answer]) -> None:
    """Sizes that are guessed are how training and inference come to disagree: these are read from the tensors."""
    first = run("configs", checkpoints)
    again = run("configs", checkpoints)

    blocks = [
        [
            f"[OK] Generated config for: {name}",
            f"  Location: {checkpoints / name / 'model_config.json'}",
            "  Architecture: base_filters=8, depth=3",
            "  Not told: names of the classes; names of the labels; "
            "how pictures are prepared (an import assumes slice-256, and says so)",
            "",
        ]
        for name in ("multitask_cls_head", "multitask_joint", "multitask_seg_warmup")
    ]
    assert first.code == again.code == 0
    assert first.out.splitlines() == [
        RULE, "Generating Model Configuration Files", RULE, "", *(line for block in blocks for line in block),
        RULE, "Generated 3 configuration files", RULE,
    ]  # fmt: skip
    config = ModelConfig.from_checkpoint_dir(checkpoints / "multitask_joint")
    assert (config.base_filters, config.depth, config.input) == (8, 3, None)
    assert "[OK] Kept config for: multitask_joint" in again.out
    assert "Generated 0 configuration files" in again.out


@pytest.mark.seeds(30)
def test_what_tensors_cannot_tell_is_asked_for_and_written(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A default that is written down would pass for a statement ever after; what is asked is one."""
    torch.manual_seed(0)
    network, _ = build_model("mobilenet_v3_small", 2)
    (tmp_path / "chest").mkdir()
    save_file(network.state_dict(), tmp_path / "chest" / "model.safetensors")
    stated = {"classes": ["normal", "pneumonia"], "input": {"kind": "film", "size": [384, 384], "network_channels": 3}}
    (tmp_path / "known.json").write_text(json.dumps(stated))

    answer = run("configs", tmp_path, "--config", tmp_path / "known.json", "--json")

    (told,) = answer.json_lines
    assert answer.code == 0
    assert (told["architecture"], told["untold"]) == ("mobilenet_v3_small, in_channels=3, cls_num_classes=2", [])
    config = ModelConfig.from_checkpoint_dir(tmp_path / "chest")
    assert config.classes == ("normal", "pneumonia")
    assert config.input is not None
    assert config.input.size == (384, 384)


@pytest.mark.seeds(30, 31)
def test_a_checkpoint_that_cannot_be_described_is_told_and_the_others_go_on(
    checkpoints: Path, run: Callable[..., Answer]
) -> None:
    """One odd folder among fifty must not cost the other forty-nine."""
    torch.save({"w": torch.zeros(3)}, checkpoints / "multitask_joint" / "best_model.pth")

    answer = run("configs", checkpoints)

    assert answer.code == 1
    assert "[!!] No config for: multitask_joint" in answer.out
    assert "of no known architecture" in answer.out
    assert "Generated 2 configuration files" in answer.out


def test_folder_that_is_not_there_is_wrong_usage(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """A mistyped folder must not pass for one without checkpoints."""
    assert run("configs", tmp_path / "absent").code == 2
