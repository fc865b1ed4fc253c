"""A prediction as files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

import core
from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.metrics.intervals import wilson
from core.metrics.operating_points import OperatingPoint, Rule
from core.models.building import build_network
from core.models.card import Card
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.model import Model
from core.studies.reader import read_study
from core.studies.study import Study
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows.report import SCHEMA, result_json, write_outputs

COMMAND = "python -m core predict --model tiny_v1.0.0 film.png --out results --explain"
POINT = OperatingPoint(
    "sensitivity 95%", "tumour", 0.3, Rule.YOUDEN, None, None, False, "30 films", "val", 10, 20, 9, 2, 1, 18
)


def saved(folder: Path, **fields: object) -> Model:
    config = ModelConfig(model_type="multitask", base_filters=4, depth=2, classes=("clear", "tumour"), **fields)
    torch.manual_seed(0)
    path = folder / "tiny_v1.0.0.safetensors"
    card = Card(display_name="tiny", maturity="early", assumed=("Assumed: window full.",))
    save_model_with_config(
        build_network(config).eval(), path, config, card=card, operating_points=(POINT,), self_test=False
    )
    return read_model(path)


@pytest.fixture
def film_result(tmp_path: Path) -> tuple[Prediction, Study, Model]:
    path = tmp_path / "film.png"
    synthetic_film(path, seed=1)
    study = read_study([path])
    spec = {"kind": "film", "size": (64, 64), "window": "full", "divisor": 4}
    model = saved(tmp_path, labels=("mass",), input=spec)
    return Predictor(model, "cpu").predict(study, explain=True), study, model


@pytest.fixture
def head_result(tmp_path: Path) -> tuple[Prediction, Study, Model]:
    path = tmp_path / "head.nii.gz"
    synthetic_volume(path, seed=1)
    study = read_study([path])
    spec = {"kind": "volume", "patch": (32, 32, 32), "window": "full", "normalisation": "zscore", "divisor": 4}
    model = saved(tmp_path, spatial_dims=3, labels=("oedema", "core"), input=spec)
    return Predictor(model, "cpu").predict(study), study, model


def test_json_carries_everything_that_made_the_result(film_result: tuple[Prediction, Study, Model]) -> None:
    """Who finds this file alone can say what it is, and make it again."""
    prediction, study, model = film_result

    plain = result_json(prediction, study, model, "case-01", COMMAND)

    assert plain["schema"] == SCHEMA == "core.predict/1"
    assert plain["notice"] == core.NOTICE
    assert plain["case"] == "case-01"
    assert plain["input"] == {
        "sha256": study.sha256,
        "kind": "film",
        "shape": list(study.shape),
        "spacing_mm": None,
        "channels": ["image"],
    }
    assert plain["model"]["weights_sha256"] == model.weights_sha256
    assert plain["model"]["file_sha256"] == model.file_sha256
    assert plain["model"]["maturity"] == "early"
    assert plain["model"]["assumed"] == ["Assumed: window full."]
    assert plain["heat_for"] == "tumour"
    assert plain["slices"] is None
    assert {"readroom", "torch", "monai", "numpy", "python"} <= set(plain["versions"])
    assert plain["device"] == "cpu"
    assert plain["settings"]["explain"] is True
    assert plain["timings_s"]["network"] > 0
    assert plain["command"] == COMMAND


def test_numbers_are_not_rounded(film_result: tuple[Prediction, Study, Model]) -> None:
    """The file is for machines; a score read back is the score."""
    prediction, study, model = film_result

    again = json.loads(json.dumps(result_json(prediction, study, model, "case-01", COMMAND)))

    assert again["scores"] == prediction.scores
    assert again["voxels"] == prediction.voxels


def test_threshold_comes_with_its_source_counts_and_intervals(film_result: tuple[Prediction, Study, Model]) -> None:
    """A threshold without a cohort and a count is only a claim."""
    prediction, study, model = film_result

    point = result_json(prediction, study, model, "case-01", COMMAND)["thresholds"]["tumour"]

    assert (point["threshold"], point["rule"], point["cohort"], point["chosen_on"]) == (
        0.3,
        "youden",
        "30 films",
        "val",
    )
    assert point["positive"] is (prediction.scores["tumour"] >= 0.3)
    expected = wilson(9, 10)
    assert (point["sensitivity"]["k"], point["sensitivity"]["n"]) == (9, 10)
    assert (point["sensitivity"]["lo"], point["sensitivity"]["hi"]) == (expected.lo, expected.hi)
    assert (point["specificity"]["k"], point["specificity"]["n"]) == (18, 20)


def test_threshold_by_hand_has_no_rates(film_result: tuple[Prediction, Study, Model]) -> None:
    """Undefined is said, not invented: no cases, no rate."""
    _, study, model = film_result
    prediction = Predictor(model, "cpu").predict(study, threshold=0.12)

    point = result_json(prediction, study, model, "case-01", COMMAND)["thresholds"]["tumour"]

    assert point["rule"] == "fixed"
    assert point["sensitivity"]["value"] is None
    assert point["sensitivity"]["reason"] == "no_cases"


def test_film_gives_a_json_and_a_picture(film_result: tuple[Prediction, Study, Model], tmp_path: Path) -> None:
    """The names are those that the manual lists."""
    prediction, study, model = film_result

    paths = write_outputs(prediction, study, model, "case-01", tmp_path / "out", command=COMMAND)

    assert [p.name for p in paths] == ["case-01_result.json", "case-01_overlay.png"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in paths)
    assert json.loads(paths[0].read_text())["scores"] == prediction.scores
    with Image.open(paths[1]) as picture:
        assert picture.format == "PNG"


def test_volume_gives_a_mask_on_its_own_grid_too(head_result: tuple[Prediction, Study, Model], tmp_path: Path) -> None:
    """The mask opens over the image in any viewer, and its voxels make the volumes in the JSON."""
    prediction, study, model = head_result

    paths = write_outputs(prediction, study, model, "case-02", tmp_path / "out", command=COMMAND)

    assert [p.name for p in paths[2:]] == ["case-02_dseg.nii.gz", "case-02_dseg.json"]
    mask = nib.load(paths[2])
    labels = np.asarray(mask.dataobj)
    written = json.loads(paths[0].read_text())
    millilitres = abs(np.linalg.det(mask.affine[:3, :3])) / 1000
    assert np.array_equal(labels, prediction.label_map)
    assert np.allclose(mask.affine, study.geometry.affine)
    for value, name in enumerate(prediction.labels, start=1):
        assert written["voxels"][name] == int((labels == value).sum())
        assert math.isclose(written["volumes_ml"][name], written["voxels"][name] * millilitres, rel_tol=1e-9)


@pytest.mark.parametrize("case", ["", "../up", "a/b", ".hidden", "x" * 101, "case 01"])
def test_case_id_that_is_no_file_name_is_a_fault_of_ours(
    film_result: tuple[Prediction, Study, Model], tmp_path: Path, case: str
) -> None:
    """Nothing may be written outside the folder that was named."""
    with pytest.raises(ValueError, match="case id"):
        write_outputs(*film_result, case, tmp_path / "out", command=COMMAND)

    assert not (tmp_path / "out").exists()


def test_no_half_file_is_left_by_a_failure(
    film_result: tuple[Prediction, Study, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that cannot be drawn leaves no result that looks complete."""

    def fail(*_args: object, **_named: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("core.workflows.report.overlay_png", fail)

    with pytest.raises(MemoryError):
        write_outputs(*film_result, "case-01", tmp_path / "out", command=COMMAND)

    assert not (tmp_path / "out").exists()
