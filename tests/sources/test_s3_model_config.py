"""S3's snippets as its reader would run them: only the import path is changed.

The names that the document leaves to its reader (model, optimizer, folders) are set up before each snippet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.models import ModelConfig, create_multi_task_model, save_model_with_config

SAVE = """
from core.models import ModelConfig, save_model_with_config

# Create config
config = ModelConfig(
    base_filters=64,
    depth=4,
    in_channels=1,
    seg_out_channels=1,
    cls_num_classes=2,
    description="Multi-task model for brain tumor detection",
    trained_on="BraTS 2020 + Kaggle Brain MRI"
)

# Save model + config together
save_model_with_config(
    model=model,
    checkpoint_path=checkpoint_dir / "best_model.pth",
    config=config,
    optimizer=optimizer,
    epoch=epoch,
    metrics={"dice": 0.88, "accuracy": 0.90}
)
"""

API = """
from core.models import ModelConfig

# Create config
config = ModelConfig(
    base_filters=64,
    depth=4,
    in_channels=1,
    seg_out_channels=1,
    cls_num_classes=2
)

# Save to file
config.save("checkpoints/my_model/model_config.json")

# Load from file
config = ModelConfig.load("checkpoints/my_model/model_config.json")

# Load from checkpoint directory
config = ModelConfig.from_checkpoint_dir("checkpoints/my_model")

# Get model parameters
params = config.get_model_params()
# {'base_filters': 64, 'depth': 4, ...}
"""

HELPERS = """
from core.models import save_model_with_config, load_model_with_config

# Save model + config
save_model_with_config(
    model=model,
    checkpoint_path="checkpoints/my_model/best.pth",
    config=config,
    optimizer=optimizer,
    epoch=10,
    metrics={"accuracy": 0.95}
)

# Load model + config
model, config, checkpoint = load_model_with_config(
    checkpoint_path="checkpoints/my_model/best.pth",
    model_factory_fn=create_multi_task_model,
    device='cuda'
)
"""


def run(snippet: str, **held: Any) -> dict[str, Any]:
    """What the snippet leaves behind."""
    exec(snippet, held)  # noqa: S102  # the document's own text
    return held


@pytest.mark.seeds(25, 27)
def test_saving_during_training(tmp_path: Path) -> None:
    """The network of the document's sizes, with the optimiser it was trained with."""
    model = create_multi_task_model()
    optimizer = torch.optim.Adam(model.parameters())

    run(SAVE, model=model, optimizer=optimizer, epoch=3, checkpoint_dir=tmp_path / "multitask_joint")

    content = torch.load(tmp_path / "multitask_joint" / "best_model.pth", weights_only=True)
    assert content["metrics"] == {"dice": 0.88, "accuracy": 0.90}
    assert ModelConfig.from_checkpoint_dir(tmp_path / "multitask_joint").trained_on == "BraTS 2020 + Kaggle Brain MRI"


@pytest.mark.seeds(25, 26)
def test_the_api_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths as text, as in the document."""
    monkeypatch.chdir(tmp_path)

    held = run(API)

    assert held["params"] == {
        "base_filters": 64, "depth": 4, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2,
    }  # fmt: skip
    assert held["config"] == ModelConfig()


@pytest.mark.seeds(27, 28)
def test_the_helper_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """device='cuda' runs anywhere."""
    monkeypatch.chdir(tmp_path)
    config = ModelConfig(base_filters=4, depth=2)
    model = create_multi_task_model(**config.get_model_params())
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    held = run(
        HELPERS, model=model, config=config, optimizer=torch.optim.SGD(model.parameters(), momentum=0.9),
        create_multi_task_model=create_multi_task_model,
    )  # fmt: skip

    assert held["config"] == config
    assert held["checkpoint"]["epoch"] == 10
    assert all(torch.equal(state[name], tensor.cpu()) for name, tensor in held["model"].state_dict().items())


@pytest.mark.seeds(29)
def test_the_mismatch_of_the_first_page_is_answered_in_words(tmp_path: Path) -> None:
    """`MultiTaskPredictor(checkpoint_path, base_filters=32, depth=3)` on a file of 64 and 4, through its opener."""
    from core.errors import ConfigError
    from core.models import open_checkpoint

    config = ModelConfig(base_filters=8, depth=2)
    path = tmp_path / "multitask_joint" / "best_model.pth"
    save_model_with_config(create_multi_task_model(**config.get_model_params()), path, config)

    with pytest.raises(ConfigError, match="base_filters = 32, the tensors say 8; depth = 3, the tensors say 2"):
        open_checkpoint(path, overrides={"base_filters": 32, "depth": 3})
    assert open_checkpoint(path).config.base_filters == 8
