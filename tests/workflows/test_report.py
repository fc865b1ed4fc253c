"""A prediction as files."""

from __future__ import annotations

import json

import core
from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.metrics.intervals import wilson
from core.models.model import Model
from core.studies.study import Study
from core.workflows.report import SCHEMA, result_json

COMMAND = "python -m core predict --model tiny_v1.0.0 film.png --out results --explain"


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
