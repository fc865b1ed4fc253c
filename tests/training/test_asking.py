"""What is kept of each answer: the app's own score and label map, and enough to make every figure again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.inference.predictor import Predictor
from core.metrics.segmentation import compare_masks
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.model import Model
from core.training.asking import draw_volumes, names_of, score_films, slice_axis
from core.training.dataset import Folder, in_groups
from core.training.journal import Journal
from tests.training.conftest import film_recipe, multitask_recipe, recipe, volume_recipe


def untrained(plain: dict[str, object], folder: Path) -> Model:
    config = recipe(plain)  # type: ignore[arg-type]
    path = folder / f"{config.id}.safetensors"
    save_model_with_config(build_network(config.model).eval(), path, config.model)
    return read_model(path)


def test_film_has_the_score_that_a_user_gets(film_folder: Path, tmp_path: Path) -> None:
    """A figure of another path through the program would be another model's."""
    model, folder = untrained(film_recipe(), tmp_path), Folder(film_folder)
    rows = in_groups(folder.rows(recipe(film_recipe()).data.tables), ["test"])

    scored = score_films(model, "pneumonia", folder, rows)

    expected = [Predictor(model).predict(folder.study(row.image)).scores["pneumonia"] for row in rows]
    folder.close()
    assert scored.scores.tolist() == expected
    assert len(scored.seconds) == len(rows)
    assert set(scored.familiar) == {None}


def test_temperature_of_the_handle_is_the_one_that_scores(film_folder: Path, tmp_path: Path) -> None:
    """Points chosen on scores of another temperature would sit at the wrong place."""
    model, folder = untrained(film_recipe(), tmp_path), Folder(film_folder)
    rows = in_groups(folder.rows(recipe(film_recipe()).data.tables), ["test"])[:3]
    journal = Journal(tmp_path / "m.jsonl")

    plain = score_films(model, "pneumonia", folder, rows, journal=journal).scores
    mild = score_films(replace(model, temperature=3.0), "pneumonia", folder, rows, journal=journal).scores
    folder.close()

    logits = np.log(plain / (1 - plain))
    assert mild == pytest.approx(1 / (1 + np.exp(-logits / 3)), rel=1e-5)


def test_volume_is_compared_on_its_own_grid_and_told_again_from_the_journal(
    volume_folder: Path, tmp_path: Path
) -> None:
    """A measurement that goes on must give the figures of one that was never stopped."""
    model, folder = untrained(volume_recipe(), tmp_path), Folder(volume_folder)
    rows = in_groups(folder.rows(recipe(volume_recipe()).data.tables), ["test"])
    path = tmp_path / "m.jsonl"

    first = draw_volumes(model, folder, rows, journal=Journal(path))
    again = draw_volumes(model, folder, rows, journal=Journal(path))

    drawn = Predictor(model).predict(folder.study(rows[0].image)).label_map
    real = np.rint(folder.study(rows[0].label).pixels[0])
    folder.close()
    assert drawn is not None
    assert first.masks["front"][0] == compare_masks(real == 1, drawn == 1, (1.0, 1.0, 1.0))
    assert first.masks["front or back"][0] == compare_masks(real > 0, drawn > 0, (1.0, 1.0, 1.0))
    assert again.masks == first.masks
    assert again.hashes == first.hashes
    assert all(np.array_equal(again.voxels[name], held) for name, held in first.voxels.items())
    assert first.voxels["front"].sum(axis=1).tolist() == [real.size, *(s.size for s in _sizes(volume_folder, rows[1:]))]
    assert first.slices == ()


def _sizes(root: Path, rows: tuple[object, ...]) -> list[np.ndarray]:
    folder = Folder(root)
    found = [folder.study(row.label).pixels[0] for row in rows]  # type: ignore[attr-defined]
    folder.close()
    return found


def test_slices_of_a_multitask_network_come_with_their_scores(volume_folder: Path, tmp_path: Path) -> None:
    """The score of a slice must stand beside what that very slice shows."""
    model, folder = untrained(multitask_recipe(), tmp_path), Folder(volume_folder)
    rows = in_groups(folder.rows(recipe(multitask_recipe()).data.tables), ["test"])[:1]

    slices = draw_volumes(model, folder, rows).slices[0]

    study = folder.study(rows[0].image)
    real = np.rint(folder.study(rows[0].label).pixels[0]) > 0
    prediction = Predictor(model).predict(study)
    folder.close()
    assert prediction.slices is not None
    assert slice_axis(study, model.input) == prediction.slices.axis == 2
    assert slices.reference == tuple(real.any(axis=(0, 1)).tolist())
    assert slices.scores == prediction.slices.scores["body"]


def test_union_is_named_after_its_labels() -> None:
    """'Any' says nothing on a page of its own."""
    assert names_of(("front", "back")) == ("front", "back", "front or back")
    assert names_of(("tumour",)) == ("tumour",)
