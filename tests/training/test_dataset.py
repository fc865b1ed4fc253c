"""Data folders: tables, files loose or zipped, and arrays that are those of serving."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError, DamagedFile, StudyError
from core.inference.preprocess import preprocess
from core.training.dataset import (
    Fold,
    Folder,
    Row,
    as_taught,
    check_patients,
    in_groups,
    inner_fold,
    prepare,
    rows_sha256,
)
from tests.training.conftest import film_recipe, recipe, table, volume_recipe


def test_taught_film_is_the_served_film_before_grey_is_repeated(film_folder: Path) -> None:
    """Training and serving may not differ by a single number."""
    config = recipe(film_recipe())
    folder = Folder(film_folder)
    study = folder.study("train/NORMAL/film0.png")

    taught, served = as_taught(study, config.input).array, preprocess(study, config.input).array

    assert taught.shape[0] == 1
    np.testing.assert_array_equal(np.repeat(taught, 3, axis=0), served)


def test_zip_and_unpacked_folder_give_the_same_cases(film_folder: Path, tmp_path: Path) -> None:
    """The same data in either layout must train the same network."""
    shutil.copytree(film_folder, tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy" / "rest.zip") as archive:
        archive.extractall(tmp_path / "copy")
    (tmp_path / "copy" / "rest.zip").unlink()
    config = recipe(film_recipe())

    zipped, loose = Folder(film_folder), Folder(tmp_path / "copy")
    rows = in_groups(zipped.rows(config.data.tables), ["val"])
    first, second = prepare(zipped, rows, config), prepare(loose, rows, config)
    zipped.close()

    np.testing.assert_array_equal(np.stack(first.images), np.stack(second.images))
    assert zipped.sha256(rows[0].image) == loose.sha256(rows[0].image) == loose.study(rows[0].image).sha256


def test_label_map_lies_on_the_networks_grid_with_whole_labels(volume_folder: Path) -> None:
    """An interpolated label is no label, and a shifted one teaches the wrong border."""
    config = recipe(volume_recipe())
    folder = Folder(volume_folder)
    rows = in_groups(folder.rows(config.data.tables), ["train"])

    cases = prepare(folder, rows, config)

    for image, target, row in zip(cases.images, cases.targets, rows, strict=True):
        assert image.shape[1:] == target.shape == (16, 20, 12)
        stored = folder.study(row.label).pixels[0]
        assert [int((target == n).sum()) for n in (1, 2)] == [int((stored == n).sum()) for n in (1, 2)]
        assert image[0][target == 1].mean() > image[0][target == 2].mean() > image[0][target == 0].mean()


def test_patient_in_two_splits_is_refused_without_a_name(film_folder: Path) -> None:
    """A leak makes every figure worthless; the refusal must not carry a patient's name."""
    config = recipe(film_recipe())
    rows = Folder(film_folder).rows(config.data.tables)
    check_patients(rows, config.data)
    leaked = (*rows, Row("x.png", "normal", "test", rows[0].patient))

    with pytest.raises(DamagedFile, match="1 patients") as refusal:
        check_patients(leaked, config.data)

    assert rows[0].patient not in str(refusal.value)


@pytest.mark.parametrize("name", ["train/none.png", "../outside.png"])
def test_file_outside_or_missing_is_refused(film_folder: Path, name: str) -> None:
    """A table is foreign text: it may not reach beyond the folder, nor be half used."""
    (film_folder.parent / "outside.png").write_bytes(b"x")

    with pytest.raises(DamagedFile, match="not in the data folder"), Folder(film_folder).file(name):
        pass


def test_missing_table_column_or_folder_is_told(film_folder: Path, tmp_path: Path) -> None:
    """The three commonest slips each have their sentence."""
    config = recipe(film_recipe())
    with pytest.raises(StudyError, match="folder is not there"):
        Folder(tmp_path / "none")
    with pytest.raises(DamagedFile, match=r"no index\.csv"):
        Folder(tmp_path).rows(config.data.tables)
    table(tmp_path / "index.csv", [{"file": "a.png", "label": "normal", "split": "train"}])

    with pytest.raises(DamagedFile, match="no column patient"):
        Folder(tmp_path).rows(config.data.tables)


def test_label_beyond_the_recipes_is_refused(film_folder: Path, volume_folder: Path) -> None:
    """A third class or a third label must not be folded into a known one."""
    films, volumes = recipe(film_recipe()), volume_recipe()
    volumes["model"] = volumes["model"] | {"labels": ["front"], "seg_out_channels": 2}
    folder = Folder(volume_folder)
    rows = folder.rows(recipe(volumes).data.tables)

    with pytest.raises(DamagedFile, match="not one of the model's classes"):
        prepare(Folder(film_folder), [Row("train/NORMAL/film0.png", "covid", "train", "P")], films)
    with pytest.raises(DamagedFile, match="values from 0 to 2"):
        prepare(folder, rows[:1], recipe(volumes))


def test_inner_fold_takes_whole_patients_and_about_its_share() -> None:
    """A fold that splits a patient would choose epochs by recognition."""
    patients = [f"P{n // 3}" for n in range(3000)]

    fold = inner_fold(patients, 0.2, seed=1)

    assert all(len(set(fold[i : i + 3])) == 1 for i in range(0, 3000, 3))
    assert 0.15 < fold.mean() < 0.25
    np.testing.assert_array_equal(fold, inner_fold(patients, 0.2, seed=1))
    assert not inner_fold(patients, 0.0, seed=1).any()


def test_folds_part_the_patients_and_never_one_of_them() -> None:
    """Every patient is left out once, with all films."""
    patients = [f"P{n // 3}" for n in range(3000)]

    held = np.stack([Fold(number, 4).holds(patients) for number in range(1, 5)])

    np.testing.assert_array_equal(held.sum(0), 1)
    assert all(len(set(held[:, i : i + 3].argmax(0))) == 1 for i in range(0, 3000, 3))
    assert held.mean(1) == pytest.approx(np.full(4, 0.25), abs=0.05)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/1", "2", "a/b", "-1/4"])
def test_fold_that_is_none_is_refused(text: str) -> None:
    """A mistyped fold must not teach on everything."""
    assert Fold.parse("2/4") == Fold(2, 4)

    with pytest.raises(ConfigError, match="1/k to k/k"):
        Fold.parse(text)


def test_split_hash_ignores_order_and_notices_a_label() -> None:
    """The card's split hash must tell another split, and nothing else."""
    rows = [Row("a", "normal", "test", "P1"), Row("b", "pneumonia", "test", "P2")]

    assert rows_sha256(rows, ["1", "2"]) == rows_sha256(rows[::-1], ["2", "1"])
    assert rows_sha256(rows, ["1", "2"]) != rows_sha256([rows[0], Row("b", "normal", "test", "P2")], ["1", "2"])
