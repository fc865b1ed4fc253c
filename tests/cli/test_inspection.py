"""What a path holds, told as objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import core.workflows.inspect
from core.workflows.open_study import open_study

from .conftest import FILMS, VOLUMES, Answer

KEYS = {"path", "kind", "verdict", "accepted", "error", "warnings", "choices", "properties"}
PROPERTIES = {
    "shape", "spacing_mm", "orientation", "volumes", "modality", "transfer_syntax", "photometric", "bits_stored",
    "pixel_sha256", "identifiers_removed", "sha256",
}  # fmt: skip


def test_each_path_is_answered_in_the_order_given_as_it_was_typed(
    film: Path, volume: Path, run: Callable[..., Answer]
) -> None:
    """A script joins answers to its list by order and by path."""
    odd = f"{film.parent}/./{film.name}"

    answer = run("inspect", volume, odd, "--json")

    first, second = answer.json_lines
    assert answer.code == 0
    assert (first["path"], second["path"]) == (str(volume), odd)
    assert (first["kind"], second["kind"]) == ("volume", "film")
    for found in (first, second):
        assert set(found) == KEYS
        assert set(found["properties"]) >= PROPERTIES
        assert found["accepted"] is True


def test_properties_are_those_of_the_library(volume: Path, run: Callable[..., Answer]) -> None:
    """Command line and library may not tell two stories about one file."""
    (found,) = run("inspect", volume, "--json").json_lines

    report = open_study([volume]).report
    assert found["properties"]["sha256"] == report.sha256
    assert found["properties"]["pixel_sha256"] == report.pixel_sha256
    assert tuple(found["properties"]["shape"]) == report.shape
    assert tuple(found["properties"]["spacing_mm"]) == report.spacing_mm
    assert found["properties"]["orientation"] == report.orientation


def test_one_refused_path_gives_exit_code_1_and_leaves_the_others_answered(
    film: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """A batch must not stop at its first bad file, and must not pass for good either."""
    text = tmp_path / "notes.png"
    text.write_text("not a picture at all")

    answer = run("inspect", tmp_path / "absent.png", text, film, "--json")

    assert answer.code == 1
    assert [found["verdict"] for found in answer.json_lines][:2] == ["refuse", "refuse"]
    assert answer.json_lines[2]["accepted"] is True
    assert all(found["error"].count(".") >= 3 for found in answer.json_lines[:2])


def test_folder_of_two_studies_asks_which_one_and_takes_the_answer(
    film: Path, volume: Path, tmp_path: Path, run: Callable[..., Answer]
) -> None:
    """Guessing one of two studies would put a result beside the wrong picture."""
    (tmp_path / "a.png").write_bytes(film.read_bytes())
    (tmp_path / "b.nii.gz").write_bytes(volume.read_bytes())

    asked = run("inspect", tmp_path, "--json")
    (found,) = asked.json_lines
    chosen = run("inspect", tmp_path, "--series", found["choices"][1]["id"], "--json")

    assert asked.code == 1
    assert found["verdict"] == "choose"
    assert [set(choice) for choice in found["choices"]] == [{"id", "what"}] * 2
    assert chosen.code == 0
    assert chosen.json_lines[0]["accepted"] is True


def test_model_joins_the_verdict(shelf: Path, film: Path, volume: Path, run: Callable[..., Answer]) -> None:
    """A film shown to a volume network must be refused before anything runs."""
    answer = run("inspect", film, volume, "--model", VOLUMES, "--json")

    refused, admitted = answer.json_lines
    assert answer.code == 1
    assert refused["verdict"] == "refuse"
    assert admitted["accepted"] is True


def test_unknown_model_is_wrong_usage_and_lists_the_known(shelf: Path, film: Path, run: Callable[..., Answer]) -> None:
    """Who mistypes an id wants the right one."""
    answer = run("inspect", film, "--model", "chest", "--json")

    assert answer.code == 2
    assert answer.out == ""
    assert FILMS in answer.err
    assert VOLUMES in answer.err


def test_fault_of_ours_is_exit_code_3_with_a_reference_and_no_traceback(
    film: Path, home: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Answer]
) -> None:
    """A traceback on a terminal helps nobody and can quote a header."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("PatientName^Secret")

    monkeypatch.setattr(core.workflows.inspect, "inspect", broken)

    answer = run("inspect", film, film, "--json")

    log = (home / "readroom.log").read_text()
    assert answer.code == 3
    assert len(answer.json_lines) == 2
    for found in answer.json_lines:
        reference = found["error"].split("reference ")[1].split(")")[0]
        assert f"fault {reference}: KeyError at" in log
    assert "Traceback" not in answer.out + answer.err
    assert "Secret" not in answer.out + answer.err + log


def test_text_says_the_same_in_words(volume: Path, tmp_path: Path, run: Callable[..., Answer]) -> None:
    """People read it too."""
    answer = run("inspect", volume, tmp_path / "absent")

    assert answer.code == 1
    assert f"{volume}: warn" in answer.out or f"{volume}: open" in answer.out
    assert "37 x 50 x 36" in answer.out
    assert "There is no file or folder" in answer.err
