"""`registry` at a terminal: a model's way from the shelf to Production and out of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from .conftest import FILMS, VOLUMES, Answer

Run = Callable[..., Answer]


@pytest.mark.seeds(20, 22, 24)
def test_a_models_way_is_told_step_by_step(shelf: Path, run: Run) -> None:
    """Each step says where the model stands, and the history says why."""
    assert run("registry", "register", FILMS, "--by", "Ada", "--reason", "first").out == f"{FILMS} is in Development.\n"
    moved = run("registry", "stage", FILMS, "testing", "--reason", "to be measured", "--json")
    named = run("registry", "alias", FILMS, "champion", "--reason", "the only one")

    assert moved.json_lines[0]["stage"] == "Testing"
    assert named.out == f"{FILMS} is in Testing, answers as champion.\n"
    listed = {line["id"]: line for line in run("registry", "list", "--json").json_lines}
    assert (listed[FILMS]["stage"], listed[FILMS]["aliases"]) == ("Testing", ["champion"])
    assert listed[VOLUMES]["stage"] == "not registered"
    told = run("registry", "history", FILMS, "--json").json_lines
    assert [(line["what"], line["reason"]) for line in told] == [
        ("alias set: champion", "the only one"),
        ("stage changed: Development to Testing", "to be measured"),
        ("registered", "first"),
    ]
    assert told[2]["who"] == "Ada"
    assert told[2]["after"] == listed_sha(run)
    assert "3 events: the log is unbroken" in run("registry", "check").out
    assert run("registry", "rebuild").out == "3 events taken in.\n"


def listed_sha(run: Run) -> str:
    """The hash of the file, as `models` tells it."""
    sha: str = next(line["file_sha256"] for line in run("models", "--json").json_lines[0] if line["id"] == FILMS)
    return sha


def test_gate_lists_its_reasons_and_refuses(shelf: Path, run: Run) -> None:
    """Exit 1, each check on a line, and nothing moved."""
    run("registry", "register", FILMS)
    for stage in ("Testing", "Staging"):
        run("registry", "stage", FILMS, stage, "--reason", "next")

    looked = run("registry", "stage", FILMS, "Production", "--check")
    refused = run("registry", "stage", FILMS, "Production", "--reason", "now", "--reviewer", "Grace")

    assert (looked.code, refused.code) == (1, 1)
    assert "holds  hash verified" in looked.out
    assert "fails  card complete: The card does not state display name" in looked.out
    assert "fails  reviewer: Nobody is named" in looked.out
    assert f"{FILMS} cannot go to Production: The card does not state" in refused.err
    assert "stage          Staging" in run("registry", "show", FILMS).out


def test_address_is_a_model_wherever_one_is_asked_for(shelf: Path, film: Path, tmp_path: Path, run: Run) -> None:
    """The alias moves; scripts stay as they are."""
    run("registry", "register", FILMS)
    run("registry", "alias", FILMS, "screening", "--reason", "the only one")
    name = FILMS.partition("_v")[0]

    made = run("predict", "--model", f"models:/{name}@screening", film, "--out", tmp_path, "--json")
    unknown = run("predict", "--model", f"models:/{name}@champion", film, "--out", tmp_path)

    assert made.json_lines[0]["model"] == FILMS
    assert unknown.code == 1
    assert "No version of tiny_films answers under 'champion'" in unknown.err
    assert run("registry", "show", f"models:/{name}@screening").out.startswith(f"id             {FILMS}\n")
    assert run("registry", "history", VOLUMES).out == "0 events.\n"
    today = run("registry", "answered", f"models:/{name}@screening", "--on", date.today().isoformat(), "--json")
    assert [line["id"] for line in today.json_lines] == [FILMS]
    assert run("registry", "answered", f"models:/{name}@screening", "--on", "2020-01-01").code == 1


def test_pins_lead_the_list_and_recall_counts(shelf: Path, run: Run) -> None:
    """Short answers for short questions."""
    assert run("registry", "pin", VOLUMES).out == f"{VOLUMES} is pinned.\n"
    assert run("registry", "list", "--json").json_lines[0]["id"] == VOLUMES
    run("registry", "unpin", VOLUMES)
    assert run("registry", "list", "--json").json_lines[0]["id"] == FILMS
    assert "2 models." in run("registry", "list").out
    assert run("registry", "recall", FILMS).out == "0 stored results, cohorts among them.\n"


@pytest.mark.parametrize("command", [("register",), ("pin",), ("show",), ("recall",), ("history",)])
def test_unknown_model_is_refused_naming_the_known_ones(shelf: Path, run: Run, command: tuple[str, ...]) -> None:
    """Three sentences, exit 1, no traceback."""
    answer = run("registry", *command, "tiny_v9.9.9")

    assert answer.code == 1
    assert FILMS in answer.err
