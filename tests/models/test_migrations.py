"""Older forms are read; what cannot be carried over is told."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.models import ModelConfig
from core.models.migrations import migrate


@pytest.mark.seeds(1)
def test_s1s_flat_configuration_gives_network_size_and_classes() -> None:
    """S1 embeds `config['model']` and a picture size among its training settings."""
    older = migrate({"model": "DenseNet121", "img_size": 384, "classes": ["normal", "pneumonia"], "lr": 0.0001})

    assert older.config["model_type"] == "densenet121"
    assert older.config["classes"] == ["normal", "pneumonia"]
    assert older.picture_size == (384, 384)
    assert older.config["training_config"] == '{"lr": 0.0001}'
    assert ModelConfig.parse({"model": "densenet121", "classes": ["normal", "pneumonia"]}).in_channels == 3


@pytest.mark.parametrize(("given", "size"), [([224, 192], (224, 192)), ("384", None), (None, None), ([1, 2, 3], None)])
def test_s1s_picture_size_may_be_a_pair_and_is_ignored_when_it_is_no_size(given: object, size: object) -> None:
    """A wrong guess at a size would be silent."""
    assert migrate({"model": "resnet18", "img_size": given}).picture_size == size


@pytest.mark.seeds(25)
def test_the_s3_file_needs_no_version_and_means_multitask() -> None:
    """Form 1 states neither a schema version nor, sometimes, its type."""
    sizes = {"base_filters": 8, "depth": 2, "in_channels": 1, "seg_out_channels": 1, "cls_num_classes": 2}

    assert ModelConfig.parse(sizes).model_type == "multitask"
    assert ModelConfig.parse(sizes).schema_version == 2


def test_monais_removed_arguments_are_taken_out_and_told() -> None:
    """`img_size` and `dimensions` stand in many older files; MONAI 1.6 refuses both."""
    older = migrate({"model_type": "SwinUNETR", "img_size": [96, 96, 96], "dimensions": 3, "in_channels": 1})

    assert older.config["model_type"] == "swin_unetr"
    assert older.config["spatial_dims"] == 3
    assert len(older.notes) == 2
    assert ModelConfig.parse(
        {"model_type": "swin_unetr", "img_size": [96] * 3, "in_channels": 1, "seg_out_channels": 4, "feature_size": 24}
    ).spatial_dims == 3  # fmt: skip


def test_a_newer_form_is_refused() -> None:
    """What a newer key means is not known here."""
    with pytest.raises(ConfigError, match="schema_version"):
        ModelConfig.parse({"schema_version": 3, "model_type": "resnet18", "in_channels": 3, "cls_num_classes": 2})
