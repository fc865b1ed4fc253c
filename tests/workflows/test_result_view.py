"""A result in words and rows: every figure with k, n, interval, and the verdict of one rule."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from core.inference.prediction import Prediction, Provenance
from core.metrics.intervals import wilson
from core.models.catalog import get_model
from core.models.model import Model
from core.settings import settings
from core.workflows import result_view
from tests.pages.tiny_shelf import CHEST, point


@pytest.fixture
def model(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A classifier with two operating points: 'sensitivity 90%' at 0.2 and 'Youden' at 0.5."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    settings.cache_clear()
    return get_model(CHEST)


def _prediction(model: Model, score: float) -> Prediction:
    made = Provenance({"torch": "2"}, "cpu", "float32", {"explain": True}, {"network": 0.1})
    return Prediction(
        model_id=model.id,
        task="classification",
        input_sha256="a" * 64,
        weights_sha256=model.weights_sha256,
        scores={"normal": 1 - score, "pneumonia": score},
        label_map=None,
        labels=(),
        voxels={},
        volumes_ml={},
        heat=None,
        heat_for=None,
        thresholds={},
        warnings=(),
        provenance=made,
    )


@pytest.mark.seeds(10)
@pytest.mark.parametrize(
    ("score", "name", "expected"),
    [(0.3, "sensitivity 90%", "above"), (0.3, "Youden", "below"), (0.5, "Youden", "above"), (0.1, None, "")],
)
def test_the_verdict_follows_the_chosen_point_and_a_tie_is_above(
    model: Model, score: float, name: str | None, expected: str
) -> None:
    """score >= threshold everywhere, and no verdict where there is no threshold."""
    rows = result_view.findings(result_view.at_point(_prediction(model, score), model, name))

    assert {row.name: row.verdict for row in rows} == {"pneumonia": expected, "normal": ""}


def test_points_of_other_weights_are_not_offered(model: Model) -> None:
    """A threshold from another model is a wrong answer that looks right."""
    foreign = replace(point("foreign", 0.3), weights_sha256="f" * 64)
    both = replace(model, operating_points=(*model.operating_points, foreign))

    assert result_view.point_names(both) == ("sensitivity 90%", "Youden")
    rows = result_view.findings(result_view.at_point(_prediction(model, 0.9), both, "foreign"))
    assert all(row.point is None for row in rows)


def test_sentences_carry_counts_and_intervals_of_the_point(model: Model) -> None:
    """Every percentage has k, n and an interval; they are those of the metrics room."""
    sentence, expected, promised = result_view.point_sentences(model.operating_points[0])

    found, wrong = wilson(90, 100), wilson(40, 200)
    assert found.lo is not None
    assert found.hi is not None
    assert f"found in 90 of 100 (90.0 %, 95 % interval {100 * found.lo:.1f}–{100 * found.hi:.1f})" in sentence
    assert wrong.lo is not None
    assert wrong.hi is not None
    assert f"wrongly in 40 of 200 (20.0 %, 95 % interval {100 * wrong.lo:.1f}–{100 * wrong.hi:.1f})" in sentence
    assert expected == (
        "Of 1,000 cases like these, 333 of them with pneumonia: "
        "33.3 (18.4–58.1) missed, 133.3 (100.3–173.9) false alarms (95 % intervals)."
    )
    assert promised == (
        "Sensitivity is at least 90 % with 95 % confidence, from 100 cases with pneumonia of val, "
        "if new cases come from the same source."
    )


def test_few_cases_are_said() -> None:
    """Nine cases look as exact as nine hundred when printed."""
    few = replace(point("Youden", 0.5), positives=9, tp=9, fn=0)

    assert "Only 9 positive cases. Intervals are wide." in result_view.point_sentences(few)
    assert not any("Only" in s for s in result_view.point_sentences(point("Youden", 0.5)))


def test_the_table_rounds_on_screen_and_not_in_the_csv(model: Model) -> None:
    """What is taken home acts on the exact value."""
    table = result_view.Table(
        ("case", "pneumonia", "pneumonia verdict", "core mL"), (("case-01", 1 / 3, "above", None),)
    )

    assert table.on_screen() == [["case-01", "0.333", "above", "unknown"]]
    assert table.numbers == [1, 3]
    (row,) = csv.DictReader(io.StringIO(result_view.results_csv(table, model).decode()))
    assert float(row["pneumonia"]) == 1 / 3
    assert (row["core mL"], row["model"], row["weights_sha256"]) == ("", model.id, model.weights_sha256)
