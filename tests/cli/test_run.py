"""Answers of `predict`, their CSV, and what a bad case does to the good ones."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import core.cli.run
from core.errors import Cancelled
from core.models import get_model
from core.workflows.open_study import open_study
from core.workflows.predict import predict

from .conftest import FILMS, VOLUMES, Answer


def test_numbers_are_exactly_those_of_the_library(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A rounded or recomputed number in one place is the start of two truths."""
    scored = run("predict", "--model", FILMS, film, "--out", tmp_path / "a", "--json").json_lines[0]
    measured = run("predict", "--model", VOLUMES, volume, "--out", tmp_path / "b", "--json").json_lines[0]

    assert scored["scores"] == dict(predict(open_study([film]), get_model(FILMS)).scores)
    found = predict(open_study([volume]), get_model(VOLUMES))
    assert measured["volumes_ml"] == dict(found.volumes_ml)
    assert measured["voxels"] == dict(found.voxels)


def test_each_answer_has_the_keys_of_its_task(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A classifier has scores, a segmentation volumes, and neither pretends to the other."""
    (both,) = run("predict", "--model", FILMS, film, "--out", tmp_path / "a", "--json").json_lines
    (labels,) = run("predict", "--model", VOLUMES, volume, "--out", tmp_path / "b", "--json").json_lines

    for found in (both, labels):
        assert set(found) >= {"path", "case", "model", "outputs", "timings", "accepted", "verdict", "error"}
        assert set(found["timings"]) >= {"read", "preprocess", "network", "postprocess", "write"}
    assert set(both["scores"]) == {"normal", "=finding"}
    assert set(both["volumes_ml"]) == {"spot"}
    assert both["volumes_ml"]["spot"] is None  # a PNG has no spacing
    assert "scores" not in labels
    assert set(labels["volumes_ml"]) == {"front", "back"}


def test_refused_case_leaves_the_others_done_and_exit_code_1(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A night's batch must not be lost to its second file."""
    answer = run("predict", "--model", VOLUMES, film, volume, "--out", tmp_path, "--json")

    refused, done = answer.json_lines
    assert answer.code == 1
    assert (refused["case"], refused["accepted"], refused["verdict"]) == ("case-01", False, "refuse")
    assert "Choose a model that reads" in refused["error"]
    assert (done["case"], done["accepted"]) == ("case-02", True)
    assert not (tmp_path / "case-01_result.json").exists()


def test_folder_of_two_studies_is_a_choice_and_series_answers_it(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """`inspect` and `predict` must agree on what a folder holds."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(film.read_bytes())
    (folder / "b.nii.gz").write_bytes(volume.read_bytes())

    asked = run("predict", "--model", VOLUMES, folder, "--out", tmp_path / "out", "--json")
    (found,) = asked.json_lines
    answers = [
        run("predict", "--model", VOLUMES, folder, "--series", choice["id"], "--out", tmp_path / "out").code
        for choice in found["choices"]
    ]

    assert asked.code == 1
    assert found["verdict"] == "choose"
    assert sorted(answers) == [0, 1]  # the volume runs, the film is refused by this model


@pytest.mark.seeds(50)
def test_csv_has_one_row_a_case_and_no_cell_that_a_spreadsheet_computes(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class, a label or a path can come from elsewhere; a spreadsheet would run it as a formula."""
    monkeypatch.chdir(tmp_path)
    hostile = Path("=1+2.png")
    hostile.write_bytes(film.read_bytes())
    absent = "@absent.png"

    answer = run(
        "predict", "--model", FILMS, hostile, absent, "--out", "out", "--csv", "t.csv", "--threshold", "0.5", "--json"
    )

    header, first, second = csv.reader(Path("t.csv").read_text().splitlines())
    scored = answer.json_lines[0]
    assert header[:6] == ["case", "path", "model", "weights_sha256", "check", "input"]
    assert "'=finding" in header
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in (header, first, second) for cell in row)
    row = dict(zip(header, first, strict=True))
    assert (row["case"], row["path"]) == ("case-01", "'=1+2.png")
    assert float(row["'=finding"]) == scored["scores"]["=finding"]
    assert row["'=finding verdict"] == scored["verdicts"]["=finding"]
    assert row["spot mL"] == "unknown"
    assert second[header.index("check")] == "refuse"
    assert second[header.index("error")] == answer.json_lines[1]["error"]


def test_file_name_that_is_no_text_is_no_obstacle(
    shelf: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """Old archives hold names in other encodings; the picture in them is as good."""
    odd = tmp_path / os.fsdecode(b"v\xff.nii.gz")
    odd.write_bytes(volume.read_bytes())

    answer = run("predict", "--model", VOLUMES, odd, "--out", tmp_path / "out", "--csv", tmp_path / "t.csv", "--json")

    assert answer.code == 0
    assert answer.json_lines[0]["path"] == str(odd)
    assert "v\\xdcff.nii.gz" in (tmp_path / "t.csv").read_text()


def test_explaining_changes_no_score_and_names_its_class(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A heat map is beside the score, not part of it."""
    (plain,) = run("predict", "--model", FILMS, film, "--out", tmp_path / "a", "--json").json_lines
    (explained,) = run("predict", "--model", FILMS, film, "--out", tmp_path / "b", "--explain", "--json").json_lines

    assert explained["scores"] == pytest.approx(plain["scores"], abs=1e-6)
    assert explained["heat_for"] == "=finding"
    assert plain["heat_for"] is None


def test_named_channels_make_one_case(shelf: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]) -> None:
    """Several files are one study when their channels are named."""
    named = run("predict", "--model", VOLUMES, "--channel", f"T1={volume}", "--out", tmp_path / "a", "--json")
    plain = run("predict", "--model", VOLUMES, volume, "--out", tmp_path / "b", "--json")

    assert named.code == 0
    assert named.json_lines[0]["path"] == f"T1={volume}"
    assert named.json_lines[0]["volumes_ml"] == plain.json_lines[0]["volumes_ml"]


def test_cancelled_run_ends_with_130_and_keeps_what_was_told(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a long batch must leave the cases that are done, and no traceback."""
    calls = []

    def interrupted(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return predict(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(core.cli.run, "predict", interrupted)

    answer = run(
        "predict", "--model", FILMS, film, film, film, "--out", tmp_path, "--csv", tmp_path / "t.csv", "--json"
    )

    assert answer.code == 130
    assert [found["case"] for found in answer.json_lines] == ["case-01"]
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 2
    assert answer.err.strip() == "Stopped."


def test_cancelled_inside_core_ends_the_same_way(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are two ways to be stopped and one answer."""

    def cancelled(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr(core.cli.run, "predict", cancelled)

    answer = run("predict", "--model", FILMS, film, "--out", tmp_path)

    assert answer.code == 130
    assert "cancelled" in answer.err


def test_fault_in_one_case_is_exit_code_3_and_the_next_case_is_done(
    shelf: Path, film: Path, tmp_path: Path, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our fault in one case is no reason to withhold the others."""
    calls = []

    def broken_once(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) == 1:
            raise ZeroDivisionError
        return predict(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(core.cli.run, "predict", broken_once)

    answer = run("predict", "--model", FILMS, film, film, "--out", tmp_path, "--json")

    assert answer.code == 3
    assert [found["accepted"] for found in answer.json_lines] == [False, True]
    assert "reference" in answer.json_lines[0]["error"]


def test_mask_lies_on_the_inputs_own_grid(
    shelf: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A mask on another grid fits no other program's view of the same file."""
    import nibabel as nib

    run("predict", "--model", VOLUMES, volume, "--out", tmp_path)

    mask, image = nib.load(tmp_path / "case-01_dseg.nii.gz"), nib.load(volume)
    assert mask.shape == image.shape
    np.testing.assert_allclose(mask.affine, image.affine)


def test_text_says_scores_volumes_and_files(
    shelf: Path, film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """People read it too."""
    scored = run("predict", "--model", FILMS, film, "--out", tmp_path / "a", "--threshold", "0.5")
    measured = run("predict", "--model", VOLUMES, volume, film, "--out", tmp_path / "b")

    assert "=finding" in scored.out
    assert "volume unknown" in scored.out
    assert f"wrote {tmp_path / 'a' / 'case-01_result.json'}" in scored.out
    assert " mL, " in measured.out
    assert "case-02" in measured.err
