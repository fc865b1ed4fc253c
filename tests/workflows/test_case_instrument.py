"""The instrument beside one case: whose test set speaks for the score, and what it stops at and promises."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.metrics.counts import count_at
from core.models.catalog import get_model
from core.models.model import Model
from core.workflows import cohorts
from core.workflows.case_instrument import behind_sentences, beside, case_instrument, find_behind
from core.workflows.promises import promise_sentence
from core.workflows.score import score
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import CHEST, CHEST_TWO


@pytest.fixture
def model(tiny: Path) -> Model:
    """A classifier with two operating points."""
    return get_model(CHEST)


@pytest.fixture
def scored(model: Model, film_folder: Path) -> KeptCohort:
    """Five films scored by it."""
    return score(cohorts.keep_path(film_folder), [model])


def test_the_set_is_one_that_these_weights_have_scored(scored: KeptCohort, model: Model) -> None:
    """Another model's cohort, or one of other weights or another temperature, has nothing to say of this score."""
    behind = find_behind(model, "pneumonia", [scored])
    assert behind is not None
    assert behind.file.cohort.positives == 2

    others = (
        find_behind(get_model(CHEST_TWO), "pneumonia", [scored]),
        find_behind(replace(model, weights_sha256="0" * 64), "pneumonia", [scored]),
        find_behind(replace(model, temperature=2.0), "pneumonia", [scored]),
        find_behind(model, "fracture", [scored]),
        find_behind(model, "pneumonia", []),
    )
    assert others == (None,) * 5


def test_a_set_of_one_kind_of_cases_says_nothing(model: Model, film_folder: Path, tmp_path: Path) -> None:
    """Without the finding there are no misses to expect."""
    (tmp_path / "normal").mkdir()
    for file in (film_folder / "normal").iterdir():
        (tmp_path / "normal" / file.name).write_bytes(file.read_bytes())
    alone = score(cohorts.keep_path(tmp_path), [model])

    assert find_behind(model, "pneumonia", [alone]) is None


def test_it_stops_at_the_saved_points_with_the_counts_of_the_set(scored: KeptCohort, model: Model) -> None:
    """A saved threshold lies between scores of other cases: the slider must be able to stand there."""
    behind = find_behind(model, "pneumonia", [scored])
    assert behind is not None

    data = case_instrument(behind, model.operating_points).data

    thresholds = np.frombuffer(base64.b64decode(data["table"]["thresholds"]), "<f8")
    tp = np.frombuffer(base64.b64decode(data["table"]["tp"]), "<i4")
    fp = np.frombuffer(base64.b64decode(data["table"]["fp"]), "<i4")
    assert (np.diff(thresholds) < 0).all()
    assert {0.2, 0.5} <= set(thresholds)
    cohort = behind.file.cohort
    for at, found, wrong in zip(thresholds, tp, fp, strict=True):
        counts = count_at(cohort.scores[behind.column], cohort.labels, at)
        assert (found, wrong) == (counts.tp, counts.fp)


def test_only_a_rule_that_promises_is_told_as_a_promise(scored: KeptCohort, model: Model) -> None:
    """At Youden's threshold the band's limit stands; a set this small says that it cannot promise."""
    behind = find_behind(model, "pneumonia", [scored])
    assert behind is not None

    told = case_instrument(behind, model.operating_points).data["promises"]

    assert told == [{"threshold": "0.2", "text": promise_sentence(model.operating_points[0])}]
    whose, why = behind_sentences(behind)
    assert "5 cases scored by this model, 2 with the finding" in whose
    assert "No threshold of this cohort can promise 95 % sensitivity" in why


def test_the_case_brings_its_score_in_full(scored: KeptCohort, model: Model) -> None:
    """A score rounded on the way could be called the other way at a tie."""
    behind = find_behind(model, "pneumonia", [scored])
    assert behind is not None

    held = beside(behind, "pneumonia", 0.1 + 0.2, model.operating_points[0])

    assert (held["score"], held["own"], held["own_name"]) == ("0.30000000000000004", "0.2", "sensitivity 90%")
    assert beside(behind, "pneumonia", 0.3, None)["own"] == ""
