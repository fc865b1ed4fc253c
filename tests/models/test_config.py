"""The configuration: the document's names and defaults, a strict schema, bounded sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.models import ModelConfig
from core.models.architectures import Task
from core.models.config import CONFIG_NAME
from core.settings import settings

from .conftest import tiny_config

S3_FILE: dict[str, Any] = {
    "base_filters": 64, "depth": 4, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2,
    "model_type": "multitask", "version": "1.0", "description": "Multi-task model - Joint fine-tuning (FINAL)",
    "trained_on": "BraTS 2020 + Kaggle Brain MRI (both tasks)", "training_config": "configs/quick_test.yaml",
}  # fmt: skip


@pytest.mark.seeds(25)
def test_names_and_defaults_are_those_of_the_document() -> None:
    """A trainer that relied on a default gets the same network."""
    config = ModelConfig()

    assert {name: getattr(config, name) for name in S3_FILE} == S3_FILE | {
        "description": "", "trained_on": "", "training_config": "",
    }  # fmt: skip
    assert config.task is Task.MULTITASK


@pytest.mark.seeds(26)
def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    """save, load and from_checkpoint_dir are one round trip, names and input included."""
    config = tiny_config("unet3d", description="two parts of the hippocampus")

    config.save(tmp_path / "run" / CONFIG_NAME)

    assert ModelConfig.load(tmp_path / "run" / CONFIG_NAME) == config
    assert ModelConfig.from_checkpoint_dir(str(tmp_path / "run")) == config
    assert [p.name for p in (tmp_path / "run").iterdir()] == [CONFIG_NAME]


@pytest.mark.seeds(26)
def test_model_params_are_what_a_factory_takes() -> None:
    """The document calls the factory with exactly these; a third dimension is only named where there is one."""
    assert ModelConfig().get_model_params() == {
        "base_filters": 64, "depth": 4, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2,
    }  # fmt: skip
    assert ModelConfig(spatial_dims=3).get_model_params()["spatial_dims"] == 3


@pytest.mark.seeds(25, 31)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_filter": 64}, "base_filter"),
        ({"depth": 99}, "depth"),
        ({"base_filters": 10**9}, "base_filters"),
        ({"base_filters": -1}, "base_filters"),
        ({"in_channels": "many"}, "in_channels"),
        ({"classes": ["a", "b", "c"]}, "3 names for cls_num_classes = 2"),
        ({"classes": ["a", "a"]}, "two of them have one name"),
        ({"labels": ["a", "b", "c"]}, "3 names for seg_out_channels"),
        ({"spatial_dims": 4}, "spatial_dims"),
        ({"input": {"kind": "film", "size": [384, 384], "network_channels": 3}}, "in_channels"),
        ({"input": {"kind": "volume", "patch": [64, 64, 64]}}, "2-D network"),
    ],
)
def test_a_fault_is_named_and_the_known_keys_are_listed(changes: dict[str, Any], said: str) -> None:
    """Unknown key, out-of-range size, contradiction: each in words that say what to correct."""
    with pytest.raises(ConfigError) as refusal:
        ModelConfig.parse(S3_FILE | changes)

    assert said in refusal.value.found
    assert "base_filters, classes, cls_num_classes" in refusal.value.do


@pytest.mark.seeds(25, 31)
def test_a_missing_size_is_refused_and_named() -> None:
    """A default in the place of a trained size is how training and inference come to disagree."""
    with pytest.raises(ConfigError, match=r"does not state depth\."):
        ModelConfig.parse({k: v for k, v in S3_FILE.items() if k != "depth"})


def test_an_unknown_architecture_lists_the_known_ones_and_imports_nothing() -> None:
    """A name in a configuration is looked up in our table; `os.system` is just a name that is not there."""
    with pytest.raises(ConfigError, match="densenet121, efficientnet_b0"):
        ModelConfig.parse(S3_FILE | {"model_type": "os.system"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not valid JSON"),
        (b"[1]", "holds a list"),
        (b'{"depth": 1, "depth": 2}', "appears twice"),
        (b'{"depth": NaN}', "not a JSON number"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Configurations come from anywhere."""
    (tmp_path / CONFIG_NAME).write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        ModelConfig.from_checkpoint_dir(tmp_path)


@pytest.mark.seeds(31)
def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    """The document's first trouble, answered with the command that writes it."""
    with pytest.raises(ConfigError, match="python -m core configs"):
        ModelConfig.from_checkpoint_dir(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on the bytes, before any parsing."""
    monkeypatch.setenv("READROOM_CONFIG_KIB", "1")
    settings.cache_clear()
    (tmp_path / CONFIG_NAME).write_text(json.dumps({"description": "x" * 2000}))

    with pytest.raises(ConfigError, match="larger than 1 KiB"):
        ModelConfig.from_checkpoint_dir(tmp_path)


def test_heads_are_sized_by_their_names() -> None:
    """Two labels need a background beside them, one needs none."""
    two, one = tiny_config("unet3d"), ModelConfig.checked({"model_type": "unet3d", "labels": ["lesion"]})

    assert (two.seg_out_channels, two.segmentation_activation) == (3, "softmax")
    assert (one.seg_out_channels, one.segmentation_activation) == (1, "sigmoid")
    assert ModelConfig.checked({"classes": ["a", "b", "c"]}).cls_num_classes == 3


def test_equal_configurations_have_equal_text() -> None:
    """The text is hashed, so it may not depend on the order of keys."""
    assert ModelConfig.parse(dict(reversed(S3_FILE.items()))).canonical() == ModelConfig.parse(S3_FILE).canonical()
