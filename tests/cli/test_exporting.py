"""`export`: a file for other programs, the parity report beside it, and nothing at all where it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.models import Model, exporting
from core.models.formats import ExportFormat
from core.samples import SAMPLES
from core.workflows import export_model

from .conftest import FILMS, VOLUMES, Answer


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two films and a small volume are enough to see the way that all of them go."""
    few = tuple(sample for sample in SAMPLES if sample.name in ("film-1", "film-4", "hippocampus-1"))
    monkeypatch.setattr(export_model, "SAMPLES", few)


@pytest.mark.seeds(13, 20)
def test_onnx_is_written_with_its_parity_report_and_stdout_stays_clean(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """Exporters print and warn much; a pipe gets one JSON object."""
    out = tmp_path / "m.onnx"

    first = run("export", "--model", FILMS, "--format", "onnx", "--out", out, "--json")
    again = run("export", "--model", FILMS, "--format", "onnx", "--out", out)

    assert first.code == 0, first.err
    assert first.err == ""
    (told,) = first.json_lines
    assert told == json.loads(Path(f"{out}.parity.json").read_text())
    assert (told["holds"], told["opset"], told["size_bytes"]) == (True, 18, out.stat().st_size)
    assert [case["name"] for case in told["cases"]][:3] == [
        "self-test noise, 1 × 1 × 64 × 64", "self-test noise, 3 × 1 × 64 × 64", "sample film-1",
    ]  # fmt: skip
    assert again.code == 2
    assert "--force" in again.err


@pytest.mark.seeds(13)
def test_volumes_go_out_as_torchscript_with_dice_of_the_samples(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """What a person reads at a terminal."""
    answer = run("export", "--model", VOLUMES, "--format", "torchscript", "--out", tmp_path / "m.pt")

    assert answer.code == 0, answer.err
    assert "sample hippocampus-1: outputs differ by at most 0.0e+00" in answer.out
    assert "Research use only" in answer.out


def test_a_file_that_does_not_answer_alike_is_not_written(
    shelf: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another model under the same name is the worst thing an exporter can make."""
    honest = exporting._WRITERS[ExportFormat.PTH]

    def doubled(model: Model, arrays: dict[str, Any], path: Path) -> None:
        honest(model, {n: a * 2 if a.dtype.kind == "f" else a for n, a in arrays.items()}, path)

    monkeypatch.setitem(exporting._WRITERS, ExportFormat.PTH, doubled)

    answer = run("export", "--model", FILMS, "--format", "pth", "--out", tmp_path / "m.pth")

    assert answer.code == 1
    assert "does not answer like the model" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_is_wrong_usage(shelf: Path, tmp_path: Path, run: Callable[..., Answer]) -> None:
    """Before anything is written."""
    assert run("export", "--model", "nobody", "--format", "pth", "--out", tmp_path / "m.pth").code == 2
