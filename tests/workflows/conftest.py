"""What several workflows are tested with."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.models.model import Model
from core.settings import settings
from core.studies.reader import read_study
from core.studies.study import Study
from core.studies.synthetic import synthetic_film, synthetic_volume
from tests.pages.tiny_shelf import make_shelf
from tests.workflows.made_results import saved


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models, made once."""
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def tiny(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny models in place of our own."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    settings.cache_clear()
    return shelf


@pytest.fixture(scope="session")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with three and two synthetic films, and in one of them a file that is no picture."""
    folder = tmp_path_factory.mktemp("films")
    for seed, name in enumerate(("normal/a.png", "normal/b.png", "normal/c.png", "pneumonia/d.png", "pneumonia/e.png")):
        (folder / name).parent.mkdir(exist_ok=True)
        synthetic_film(folder / name, seed)
    (folder / "pneumonia" / "john-doe.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more of it")
    return folder


@pytest.fixture(scope="session")
def mask_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthetic volumes with masks of their own grid; the last one's mask lies on another grid."""
    folder = tmp_path_factory.mktemp("volumes")
    for seed in range(3):
        image = folder / "images" / f"v{seed}.nii.gz"
        image.parent.mkdir(exist_ok=True)
        synthetic_volume(image, seed)
        held = nibabel.load(image)
        mask = np.zeros(held.shape, np.uint8)
        mask[5:12, 8:20, 6:15] = 1
        mask[12:18, 8:20, 6:15] = 2
        affine = held.affine if seed < 2 else held.affine @ np.diag((2.0, 2.0, 2.0, 1.0))
        (folder / "labels").mkdir(exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(mask, affine), folder / "labels" / f"v{seed}.nii.gz")
    return folder


@pytest.fixture
def film_result(tmp_path: Path) -> tuple[Prediction, Study, Model]:
    """A film's scores, labels and heat map by a tiny model."""
    path = tmp_path / "film.png"
    synthetic_film(path, seed=1)
    study = read_study([path])
    spec = {"kind": "film", "size": (64, 64), "window": "full", "divisor": 4}
    model = saved(tmp_path, labels=("mass",), input=spec)
    return Predictor(model, "cpu").predict(study, explain=True), study, model


@pytest.fixture
def head_result(tmp_path: Path) -> tuple[Prediction, Study, Model]:
    """A volume's scores and labels by a tiny model."""
    path = tmp_path / "head.nii.gz"
    synthetic_volume(path, seed=1)
    study = read_study([path])
    spec = {"kind": "volume", "patch": (32, 32, 32), "window": "full", "normalisation": "zscore", "divisor": 4}
    model = saved(tmp_path, spatial_dims=3, labels=("oedema", "core"), input=spec)
    return Predictor(model, "cpu").predict(study), study, model
