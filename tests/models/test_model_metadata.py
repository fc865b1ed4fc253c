"""`model_metadata.json`: there and back, plainer forms of others, and which entry is about which file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.card import Metric
from core.models.model_metadata import ModelEntry, ModelMetadata, read_metadata, write_metadata


@pytest.mark.seeds(14)
def test_there_and_back(tmp_path: Path) -> None:
    """Every part of the document's list, a figure with its counts among them."""
    metric = Metric(name="dice tumour", value=0.85, lo=0.8, hi=0.9, n=50, split="test")
    entry = ModelEntry(
        name="tumor_detection",
        version="1.1.0",
        file="tumor_detection_v1.1.0.pth",
        sha256="0" * 64,
        training_configuration={"epochs": 50, "optimizer": {"name": "adam"}},
        performance_metrics=(metric,),
        dataset_information="50 volumes",
        version_history=({"version": "1.0.0", "what": "Initial release"},),
        deployment_instructions="Validate first.",
    )

    write_metadata(tmp_path / "model_metadata.json", ModelMetadata(models=(entry,)))

    assert read_metadata(tmp_path / "model_metadata.json").models == (entry,)
    assert entry.claims() == {
        "claimed_metadata_version": "1.1.0",
        "claimed_metadata_dataset": "50 volumes",
        "claimed_metadata_dice tumour": "0.85",
    }


@pytest.mark.seeds(14)
def test_one_entry_alone_and_figures_as_a_table_are_read(tmp_path: Path) -> None:
    """Keys that we do not know are left alone."""
    plain = {"name": "unet", "performance_metrics": {"dice": 0.85}, "gpu": "V100"}
    (tmp_path / "model_metadata.json").write_text(json.dumps(plain))

    (entry,) = read_metadata(tmp_path / "model_metadata.json").models

    assert entry.performance_metrics == {"dice": 0.85}


@pytest.mark.parametrize(
    ("file", "found"),
    [("tumor_v1.pth", "first"), ("tumor_v2.0.0.pth", "second"), ("other.pth", "by file"), ("tumor_v3.pth", None)],
)
def test_an_entry_is_found_by_its_file_else_by_name_and_version(file: str, found: str | None) -> None:
    """`v1` of a name is 1.0.0 of the metadata; another version is another model."""
    entries = (
        ModelEntry(name="tumor", version="1.0.0", dataset_information="first"),
        ModelEntry(name="tumor", version="2.0", dataset_information="second"),
        ModelEntry(name="x", file="final/other.pth", dataset_information="by file"),
    )

    entry = ModelMetadata(models=entries).entry_of(file)

    assert (entry and entry.dataset_information) == found


@pytest.mark.parametrize(
    "plain", [{"models": [{}]}, {"name": ""}, {"models": "all"}, {"schema": "other/9", "models": []}]
)
def test_what_does_not_fit_is_refused_with_the_fields(tmp_path: Path, plain: dict[str, Any]) -> None:
    """So that it can be corrected."""
    (tmp_path / "model_metadata.json").write_text(json.dumps(plain))

    with pytest.raises(ConfigError, match=r"does not fit: .*Those of a model are: name"):
        read_metadata(tmp_path / "model_metadata.json")
