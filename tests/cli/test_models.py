"""The list of models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.models import figure
from core.models import get_model

from .conftest import FILMS, VOLUMES, Answer

HEAVY = ("torch", "torchvision", "monai", "streamlit", "model_signing")


def test_json_lists_each_model_with_the_keys_that_scripts_read(shelf: Path, run: Callable[..., Answer]) -> None:
    """Scripts choose a model by these keys, so a missing one breaks them."""
    answer = run("models", "--json")

    (listed,) = answer.json_lines
    assert answer.code == 0
    assert [model["id"] for model in listed] == [FILMS, VOLUMES]
    for model in listed:
        known = get_model(model["id"])
        assert set(model) >= {"id", "task", "architecture", "classes", "channels", "verified", "problem", "metrics"}
        assert model["sha256"] == known.weights_sha256
        assert model["file_sha256"] == known.file_sha256
        assert model["verified"] is True
        assert model["problem"] is None
    assert listed[0]["task"] == "multitask"
    assert listed[1]["classes"] == ["front", "back"]
    assert listed[1]["channels"] == ["T1"]


@pytest.mark.seeds(8)
def test_text_is_the_integrity_table_with_file_size_created_and_hash(shelf: Path, run: Callable[..., Answer]) -> None:
    """The source document checks backups by file, size and date; we add the hash that proves them."""
    answer = run("models")

    known = get_model(VOLUMES)
    assert f"{VOLUMES}.safetensors, {known.size_bytes / 2**20:.1f} MiB, created {known.created}" in answer.out
    assert known.file_sha256 in answer.out
    assert "checksum holds" in answer.out


@pytest.mark.seeds(8)
def test_flipped_byte_is_told_and_the_other_models_are_still_listed(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Answer]
) -> None:
    """A damaged backup must be seen before anyone trusts its scores."""
    from core.settings import settings

    for name in (FILMS, VOLUMES):
        content = bytearray((shelf / name / f"{name}.safetensors").read_bytes())
        content[-1] ^= 1 if name == FILMS else 0
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path))
    settings.cache_clear()

    damaged, sound = run("models", "--json").json_lines[0]

    assert damaged["verified"] is False
    assert "hecksum" in damaged["problem"]
    assert sound["verified"] is True


def test_listing_imports_no_network_library(shelf: Path) -> None:
    """A list must come at once; torch and MONAI take seconds to import."""
    code = (
        "import sys; from core.cli import app; app(['models', '--json'], standalone_mode=False);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    listed, imported = done.stdout.splitlines()
    assert len(json.loads(listed)) == 2
    assert imported == "[]"


def test_figure_shows_value_interval_counts_and_split() -> None:
    """A figure without its n and interval is half a figure."""
    metric = {"name": "sensitivity", "value": 0.9, "lo": 0.8, "hi": 0.95, "k": 90, "n": 100, "split": "test"}

    said = figure(metric)

    assert said == "sensitivity 0.9 (0.8 to 0.95), 90 of 100, test"
