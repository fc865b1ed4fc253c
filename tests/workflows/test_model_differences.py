"""Two models beside each other: only what differs, only what both measured, and the set that can judge them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from core.models.catalog import list_models
from core.models.model import Model
from core.workflows.cohorts import add_scores, list_cohorts
from core.workflows.model_differences import comparable, differences, shared_columns, to_score
from core.workspace import Workspace
from core.workspace.cohort_record import CohortKind, KeptCohort, ScoredBy
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS, HIPPOCAMPUS_WIDE, make_shelf

SHELF = Path(__file__).resolve().parents[2] / "model_backups"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    return {model.id: model for model in list_models([make_shelf(tmp_path_factory.mktemp("shelf"))])}


@pytest.fixture
def cohort() -> KeptCohort:
    """A kept set whose record the tests change."""
    owner = Workspace("A" * 43)
    add_scores(owner, io.BytesIO(b"case_id,label,score\na,0,0.1\nb,1,0.9\n"))
    return list_cohorts(owner)[0]


def test_fields_that_agree_are_counted_and_not_listed(tiny: dict[str, Model]) -> None:
    """Forty equal lines hide the one that matters."""
    found = differences(tiny[HIPPOCAMPUS], tiny[HIPPOCAMPUS_WIDE])

    assert found.configuration == (("base_filters", "4", "6"),)
    assert found.same > 20


def test_a_figure_is_shown_where_both_cards_have_it_on_the_same_split() -> None:
    """The same name on other cases is another figure."""
    held = {model.id: model for model in list_models([SHELF])}
    a, b = held["chest_pneumonia_densenet121_v1.0.1"], held["chest_pneumonia_mobilenet_v3_large_v1.0.0"]

    rows = {(name, where): (left, right) for name, where, left, right in differences(a, b).figures}

    assert rows["auc", "official_test · patient"] == ("0.980, 0.965 to 0.988", "0.976, 0.958 to 0.986")
    assert {where.rpartition(" · ")[0] for _, where in rows} <= {m.split for m in b.card.metrics}


def test_only_models_that_answer_the_same_question_stand_beside_each_other(tiny: dict[str, Model]) -> None:
    """A hippocampus and a pneumonia have nothing to be compared by."""
    assert [model.id for model in comparable(tiny[CHEST], list(tiny.values()))] == [CHEST_TWO]
    assert comparable(replace(tiny[CHEST]), [replace(tiny[CHEST_TWO], problem="Checksum differs.")]) == []


@pytest.mark.seeds(39)
def test_the_set_that_both_have_scored_is_found_with_their_columns(tiny: dict[str, Model], cohort: KeptCohort) -> None:
    """One click to the paired test; scores of other weights would be another model's."""
    a, b = tiny[CHEST], tiny[CHEST_TWO]

    def scored(model: Model, weights: str) -> ScoredBy:
        return ScoredBy(model.id, weights, model.fed_sha256, {f"{model.id}:pneumonia": "pneumonia"}, scored=2)

    both = replace(cohort, models=(scored(a, a.weights_sha256), scored(b, b.weights_sha256)))
    older = replace(cohort, models=(scored(a, a.weights_sha256), scored(b, "0" * 64)))

    assert shared_columns([both], a, b) == (both, [f"{CHEST}:pneumonia", f"{CHEST_TWO}:pneumonia"])
    assert shared_columns([older], a, b) is None


def test_a_set_of_images_can_be_scored_by_both_and_one_of_scores_cannot(
    tiny: dict[str, Model], cohort: KeptCohort
) -> None:
    """Where nothing is scored yet, the click scores first."""
    images = replace(cohort, kind=CohortKind.IMAGES)

    assert to_score([cohort, images], tiny[CHEST], tiny[CHEST_TWO]) is images
    assert to_score([images], tiny[HIPPOCAMPUS], tiny[HIPPOCAMPUS_WIDE]) is None
