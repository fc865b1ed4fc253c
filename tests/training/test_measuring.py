"""The order of a measurement: what may choose chooses first, and what is reported is asked of the model as it ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.models.gate import Gate
from core.training.dataset import Folder
from core.training.journal import Journal
from core.training.measuring import Measured, Work, measure, measure_split
from core.training.recipe import Data
from tests.training.conftest import film_recipe, recipe, volume_recipe
from tests.training.test_asking import untrained


def work_on(folder: Folder, plain: dict[str, Any], **more: Any) -> Work:
    config = recipe(plain)
    data = Data.model_validate(config.data.model_dump() | more)
    return Work(data, config.finding, folder, folder.rows(data.tables))


def test_reported_splits_are_measured_at_the_temperature_and_gate_that_ship(film_folder: Path, tmp_path: Path) -> None:
    """A card about another temperature would not be about the file."""
    model, folder = untrained(film_recipe(), tmp_path), Folder(film_folder)
    work = work_on(folder, film_recipe())

    made = measure(model, work)

    assert isinstance(made.gate, Gate)
    shipped = replace(model, temperature=made.temperature, gate=made.gate)
    again = measure_split(shipped, made.points, work, "test")[1]
    folder.close()
    assert [m for m in made.metrics["test"] if m.unit != "s"] == [m for m in again if m.unit != "s"]
    assert set(made.metrics) == {"test", "elsewhere"}
    assert {p.chosen_on for p in made.points} == {"val"}
    assert made.facts["split val, chose"].startswith("12 files, 10 patients")
    assert [m.name for m in made.metrics["test"]].count("flagged as unfamiliar") == 1


def test_interrupted_measurement_goes_on_without_asking_twice(film_folder: Path, tmp_path: Path) -> None:
    """The slow part is asking the network; a second start must not repeat it."""
    model, folder = untrained(film_recipe(), tmp_path), Folder(film_folder)
    work, path = work_on(folder, film_recipe()), tmp_path / "m.jsonl"

    class Stopped(Exception):
        pass

    def stop(share: float, said: str) -> None:
        if said == "Measured 4 of 10 cases of test":
            raise Stopped

    with pytest.raises(Stopped):
        measure(model, replace(work, journal=Journal(path), progress=stop))
    lines = len(path.read_text().splitlines())
    made = measure(model, replace(work, journal=Journal(path)))

    whole = measure(model, work)
    folder.close()
    assert len(path.read_text().splitlines()) == lines + 6 + 8
    assert untimed(made) == untimed(whole)
    assert made.points == whole.points


def untimed(made: Measured) -> list[Any]:
    return [m for figures in made.metrics.values() for m in figures if m.unit != "s"]


def test_split_that_sets_the_cut_off_does_not_report_its_flagged_share(volume_folder: Path, tmp_path: Path) -> None:
    """It is at most three in a hundred by construction."""
    model, folder = untrained(volume_recipe(), tmp_path), Folder(volume_folder)
    work = work_on(folder, volume_recipe(), gate_on="test")

    made = measure(model, work)
    folder.close()

    assert made.points == ()
    assert made.temperature == 1.0
    assert not [m for m in made.metrics["test"] if m.name.startswith("flagged")]


def test_progress_rises_to_its_end(film_folder: Path, tmp_path: Path) -> None:
    """A bar that jumps back looks broken."""
    model, folder = untrained(film_recipe(), tmp_path), Folder(film_folder)
    told: list[float] = []

    measure(model, replace(work_on(folder, film_recipe()), progress=lambda share, _: told.append(share)))
    folder.close()

    assert told == sorted(told)
    assert told[-1] == 1.0
