"""The noun that carries a result."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.gate import Familiarity
from core.inference.prediction import (
    Prediction,
    Provenance,
    SliceScores,
    prediction_from_parts,
    prediction_to_parts,
    request_settings,
    result_key,
)
from core.metrics.operating_points import OperatingPoint, Rule


def point() -> OperatingPoint:
    return OperatingPoint(
        "Youden",
        "PNEUMONIA",
        0.1 + 0.2,
        Rule.YOUDEN,
        None,
        None,
        False,
        "val",
        "val",
        10,
        20,
        9,
        2,
        1,
        18,
        "case",
        "w" * 64,
    )


def prediction() -> Prediction:
    rng = np.random.default_rng(0)
    made = Provenance(
        {"torch": "2"}, "cpu", "float32", {"explain": True, "threshold": None}, {"network": 0.1}, ("A note.",)
    )
    return Prediction(
        model_id="m_v1.0.0",
        task="multitask",
        input_sha256="a" * 64,
        weights_sha256="w" * 64,
        scores={"NORMAL": 0.1 + 0.7, "PNEUMONIA": 1 / 3},
        label_map=rng.integers(0, 3, (4, 5, 6)).astype(np.uint8),
        labels=("one", "two"),
        voxels={"one": 3, "two": 4},
        volumes_ml={"one": 0.003, "two": None},
        heat=rng.random((4, 5, 6)).astype(np.float32),
        heat_for="PNEUMONIA",
        thresholds={"PNEUMONIA": point()},
        warnings=("Look twice.",),
        provenance=made,
        slices=SliceScores(2, {"NORMAL": (0.1 + 0.7, 0.5), "PNEUMONIA": (1 / 3, 0.5)}),
        familiarity=Familiarity(True, 0.1 + 1.7, 1.5),
        foreground=rng.integers(0, 201, (4, 5, 6)).astype(np.uint8),
    )


def test_parts_come_together_to_the_same_prediction() -> None:
    """A reload of the page shows the stored result; not a digit may be lost on the way through JSON."""
    first = prediction()

    plain, arrays = prediction_to_parts(first)
    again = prediction_from_parts(json.loads(json.dumps(plain)), arrays)

    assert prediction_to_parts(again)[0] == plain
    assert again.scores == first.scores
    assert again.slices == first.slices
    assert again.familiarity == first.familiarity
    assert again.thresholds == first.thresholds
    assert again.provenance == first.provenance
    assert np.array_equal(again.label_map, first.label_map)
    assert np.array_equal(again.heat, first.heat)


def test_prediction_without_pictures_comes_together_too() -> None:
    """A classification without a heat map has no array at all."""
    plain, arrays = prediction_to_parts(
        replace(prediction(), label_map=None, heat=None, heat_for=None, slices=None, foreground=None)
    )

    again = prediction_from_parts(plain, arrays)

    assert arrays == {}
    assert again.label_map is None
    assert again.heat is None
    assert again.slices is None


def test_result_stored_before_slices_were_scored_still_opens() -> None:
    """An owner's results outlive an update of the app."""
    plain, arrays = prediction_to_parts(prediction())
    del plain["slices"]

    assert prediction_from_parts(plain, arrays).slices is None


def test_result_cannot_be_painted_over() -> None:
    """A shared result that one page changed would be wrong on the other."""
    result = prediction()

    with pytest.raises(ValueError, match="read-only"):
        result.label_map[0] = 1


def test_heat_map_without_its_class_is_no_prediction() -> None:
    """Nobody could tell what the colours mean."""
    with pytest.raises(ValueError, match="names the class"):
        replace(prediction(), heat_for=None)


@settings(deadline=None)  # a busy machine is no fault
@given(st.sampled_from(["study", "weights", "threshold", "explain"]))
def test_key_changes_with_each_thing_that_decides_the_result(changed: str) -> None:
    """A result is shown only for the study, weights and settings now chosen."""
    given_ = {"study": "a", "weights": "b", "threshold": 0.5, "explain": False}
    other = {**given_, changed: {"study": "c", "weights": "c", "threshold": 0.25, "explain": True}[changed]}

    def key(of: dict) -> str:
        return result_key(
            of["study"], of["weights"], request_settings(threshold=of["threshold"], explain=of["explain"])
        )

    assert key(given_) == key(dict(given_))
    assert key(given_) != key(other)
