"""`why` and `convert` at a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.models import create_multi_task_model

from .conftest import Answer


@pytest.fixture
def trainers(tmp_path: Path) -> Path:
    """A checkpoint with the trainer's arguments in it; one of them would clear a terminal."""
    state = create_multi_task_model(base_filters=4, depth=2).state_dict()
    torch.save({"model": state, "args": argparse.Namespace(name="\x1b[2J")}, tmp_path / "best.pth")
    return tmp_path / "best.pth"


def test_why_leads_to_convert_and_convert_to_import(trainers: Path, tmp_path: Path, run: Callable[..., Answer]) -> None:
    """The three commands in the order in which a user meets them."""
    why = run("why", trainers)
    plain = run("why", trainers, "--json")
    converted = run("convert", trainers, "--out", tmp_path / "plain.pth")
    twice = run("convert", trainers, "--out", tmp_path / "plain.pth", "--json")
    after = run("why", tmp_path / "plain.pth")

    assert why.code == plain.code == 1
    assert "argparse.Namespace (convert has a plain value for it)" in why.out
    assert "1. Turn it into plain weights with `python -m core convert" in why.out
    assert "\x1b" not in why.out
    assert plain.json_lines[0]["nearest"]["architecture"] == "multitask"
    assert converted.code == 0, converted.err
    assert "replaced: a namespace as a table" in converted.out
    assert twice.code == 2
    assert after.code == 0
    assert "It loads." in after.out


def test_why_of_something_else_names_it(film: Path, tmp_path: Path, run: Callable[..., Answer]) -> None:
    """Most often the wrong file was given."""
    answer = run("why", film)

    assert answer.code == 1
    assert "of a kind that is not known" in answer.out
    assert run("why", tmp_path / "absent").code == 1
