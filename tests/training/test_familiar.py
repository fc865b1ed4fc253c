"""The gate that ships: fitted on what was taught, its cut-off set elsewhere, and tried on strange files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.models.model import Model
from core.training.dataset import Folder
from core.training.familiar import make_gate, notice_strange
from core.training.recipe import Data, Strange
from tests.training.conftest import film_recipe, recipe, table, volume_recipe
from tests.training.test_asking import untrained


@pytest.fixture
def strange_folder(film_folder: Path, tmp_path: Path) -> Path:
    """Noise, a blank, a file that is no picture, and a training film."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (60, 60)).astype(np.uint8)).save(tmp_path / "noise.png")
    Image.fromarray(np.zeros((60, 60), np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_bytes(b"no picture")
    film = film_folder / "train" / "NORMAL" / "film0.png"
    (tmp_path / "film.png").write_bytes(film.read_bytes())
    kinds = {"noise.png": "noise", "blank.png": "blank", "text.png": "text", "film.png": "film"}
    table(tmp_path / "ood.csv", [{"file": name, "kind": kind} for name, kind in kinds.items()])
    return tmp_path


def gated(film_folder: Path, at: Path) -> Model:
    config = recipe(film_recipe())
    model, folder = untrained(film_recipe(), at), Folder(film_folder)
    gate = make_gate(model.input, config.data, folder, folder.rows(config.data.tables))
    folder.close()
    assert gate is not None
    return replace(model, gate=gate)


def test_gate_says_which_cases_set_its_cut_off(film_folder: Path, tmp_path: Path) -> None:
    """A cut-off without its cases cannot be judged."""
    model = gated(film_folder, tmp_path)

    assert model.gate is not None
    assert model.gate.chosen_on == "drawn films, val: 12 files, 10 patients"


def test_no_split_to_set_it_on_or_too_few_taught_gives_no_gate(volume_folder: Path) -> None:
    """A guessed spread would flag at random."""
    config, folder = recipe(volume_recipe()), Folder(volume_folder)
    rows = folder.rows(config.data.tables)

    assert make_gate(config.input, config.data, folder, rows) is None
    on_test = Data.model_validate(config.data.model_dump() | {"gate_on": "test"})
    assert make_gate(config.input, on_test, folder, rows) is None
    folder.close()


def test_strange_files_are_counted_by_kind_refused_or_flagged(film_folder: Path, strange_folder: Path) -> None:
    """A file that never reaches a score is as good as flagged; a film is neither."""
    model, folder = gated(film_folder, strange_folder), Folder(strange_folder)

    metrics = notice_strange(model, folder, Strange(csv="ood.csv", kind="kind"))
    folder.close()

    told = {(m.name, m.subgroup): (m.k, m.n) for m in metrics}
    assert told["refused or flagged as unfamiliar", "noise"] == (1, 1)
    assert told["refused or flagged as unfamiliar", "text"] == (1, 1)
    assert told["refused or flagged as unfamiliar", "film"] == (0, 1)
    assert told["refused or flagged as unfamiliar", ""] == (3, 4)
    assert {m.split for m in metrics} == {"ood"}


def test_model_without_a_gate_is_not_tried(film_folder: Path, strange_folder: Path) -> None:
    """None flagged would read as none found."""
    folder = Folder(strange_folder)

    assert notice_strange(untrained(film_recipe(), strange_folder), folder, Strange(csv="ood.csv")) == ()
    folder.close()
