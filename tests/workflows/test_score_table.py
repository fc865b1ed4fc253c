"""`scores.csv` of a cohort: columns, labels, and what a spreadsheet must not compute."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from core.models.catalog import get_model
from core.models.model import Model
from core.workflows.score_table import columns_of, settle
from core.workspace.cohort_answers import Answers
from core.workspace.cohort_record import CohortCase, CohortKind, KeptCohort
from core.workspace.cohorts import machines_cohorts
from tests.pages.tiny_shelf import CHEST, HIPPOCAMPUS


def sigmoid_model() -> Model:
    """The tiny chest model as one that finds each of its classes by itself."""
    model = get_model(CHEST)
    return replace(model, config=model.config.model_copy(update={"activation": "sigmoid"}))


def written(model: Model, labels: dict[str, int], positive: str, cases: list[CohortCase]) -> list[dict[str, str]]:
    """The rows after the model has said 0.25 and 0.75 of each case."""
    store = machines_cohorts()
    draft = KeptCohort(
        id="", name="", kind=CohortKind.IMAGES, sha256="a" * 64, created="", cases=len(cases), labels=labels,
        positive=positive, patients=None, splits=(), slices=("site",), models=(), unread=(), notes=(), source="/x",
        of_machine=True, folder=Path(),
    )  # fmt: skip
    kept = store.keep(draft, cases, {}, None)
    answers = Answers(store.answers, model.weights_sha256, model.fed_sha256)
    for case in cases:
        if case.sha256:
            answers.add(case.sha256, {"scores": {"normal": 0.25, "pneumonia": 0.1 + 0.2}, "seconds": 0.5})
    done = settle(store, kept, [(model, answers.load())], [])
    return list(csv.DictReader(io.StringIO(done.scores_csv.read_text())))


def test_one_finding_is_one_column_and_several_are_one_each(tiny: Path) -> None:
    """A threshold is for one finding."""
    assert columns_of(get_model(CHEST)) == {CHEST: "pneumonia"}
    assert columns_of(sigmoid_model()) == {f"{CHEST}__normal": "normal", f"{CHEST}__pneumonia": "pneumonia"}
    assert columns_of(get_model(HIPPOCAMPUS)) == {}


def test_scores_are_written_to_the_last_digit(tiny: Path) -> None:
    """A threshold that equals a score must still equal it after reading."""
    (row,) = written(
        get_model(CHEST), {"pneumonia": 1}, "pneumonia", [CohortCase("case-0001", "1" * 64, ("a",), "pneumonia")]
    )

    assert float(row[CHEST]) == 0.1 + 0.2
    assert row["label"] == "1"


def test_labels_are_spelt_as_the_classes_where_nobody_named_a_positive_one(tiny: Path) -> None:
    """Several classes are matched by name."""
    cases = [
        CohortCase(f"case-{n}", str(n) * 64, ("a",), label) for n, label in enumerate(("NORMAL", "Pneumonia", "other"))
    ]

    rows = written(sigmoid_model(), {"NORMAL": 1, "Pneumonia": 1, "other": 1}, "", cases)

    assert [row["label"] for row in rows] == ["normal", "pneumonia", "other"]


def test_cells_that_a_spreadsheet_would_compute_are_led_by_an_apostrophe(tiny: Path) -> None:
    """A label or a subgroup is foreign text."""
    case = CohortCase("case-0001", "1" * 64, ("a",), "=cmd()", slices={"site": "@x"})

    (row,) = written(get_model(CHEST), {"=cmd()": 1}, "", [case])

    assert (row["label"], row["slice_site"]) == ("'=cmd()", "'@x")


def test_case_without_an_answer_has_an_empty_cell(tiny: Path) -> None:
    """Never a zero, never a missing row."""
    rows = written(get_model(CHEST), {"normal": 2}, "", [
        CohortCase("case-0001", "1" * 64, ("a",), "normal"), CohortCase("case-0002", "", (), "normal", fault="Gone."),
    ])  # fmt: skip

    assert [bool(row[CHEST]) for row in rows] == [True, False]
