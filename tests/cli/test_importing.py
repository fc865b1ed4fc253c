"""`import`: a foreign checkpoint at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.models import build_model

from .conftest import Answer


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A .pt of the first source document's shape."""
    torch.manual_seed(0)
    network, _ = build_model("mobilenet_v3_small", 2)
    path = tmp_path / "best.pt"
    content = {"config": {"model": "mobilenet_v3_small", "img_size": 64}, "classes": ["NORMAL", "PNEUMONIA"]}
    torch.save({**content, "model": network.state_dict()}, path)
    return path


@pytest.mark.seeds(1, 13)
def test_backup_checkpoint_is_imported_listed_and_predicts(
    shelf: Path, foreign: Path, film: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """The first thing that a reader of the source document has is such a file."""
    imported = run("import", foreign, "--id", "chest_mobilenet_v1.0.0", "--assume", "chest-xray-384", "--json")
    (listed,) = run("models", "--json").json_lines
    predicted = run("predict", "--model", "chest_mobilenet_v1.0.0", film, "--out", tmp_path / "out", "--json")

    assert imported.code == 0, imported.err
    told = imported.json_lines[0]
    assert (told["id"], told["task"], told["classes"]) == (
        "chest_mobilenet_v1.0.0",
        "classification",
        ["NORMAL", "PNEUMONIA"],
    )
    assert told["assumed"]
    assert told["id"] in [model["id"] for model in listed]
    assert predicted.code == 0, predicted.err
    assert set(predicted.json_lines[0]["scores"]) == {"NORMAL", "PNEUMONIA"}
    assert set(told["assumed"]) <= set(predicted.json_lines[0]["warnings"])


def test_preprocessing_that_nobody_states_is_told_as_assumed_and_a_wrong_name_lists_the_known(
    foreign: Path, run: Callable[..., Answer]
) -> None:
    """Assumed preprocessing that nobody sees makes wrong scores that look right."""
    taken = run("import", foreign, "--id", "chest_mobilenet_v1.0.0")
    unknown = run("import", foreign, "--id", "chest_mobilenet_v1.0.1", "--assume", "nonsense")

    assert taken.code == 0
    assert "normalisation" in taken.out
    assert "chest-xray-384" in taken.out
    assert unknown.code == 1
    assert "chest-xray-384" in unknown.err


def test_file_that_is_no_checkpoint_is_refused_in_words(film: Path, run: Callable[..., Answer]) -> None:
    """A picture under the wrong command is a mistake, not a fault."""
    answer = run("import", film, "--id", "chest_mobilenet_v1.0.0")

    assert answer.code == 1
    assert answer.err.count(".") >= 3
    assert "Traceback" not in answer.err
