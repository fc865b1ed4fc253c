"""Recall: everything stored that rests on a model's weights, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ModelNotFound
from core.inference.prediction import result_key
from core.models import get_model, save_model_with_config
from core.models.ensembles import write_ensemble
from core.models.model import EnsembleRule
from core.settings import settings
from core.workflows import registry
from core.workflows.registry_recall import recall
from core.workspace import Workspace
from core.workspace.cohort_record import CohortKind, KeptCohort, ScoredBy
from core.workspace.cohorts import machines_cohorts, owners_cohorts
from core.workspace.results import put_result
from tests.models.conftest import tiny_config, tiny_network
from tests.workspace.conftest import small_prediction, small_study

ONE, TWO, BOTH = "tiny_v1.0.0", "tiny_v1.1.0", "pair_v1.0.0"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models of other weights, and an ensemble of them."""
    folder = tmp_path / "shelf"
    monkeypatch.setenv("READROOM_SHELF", str(folder))
    settings.cache_clear()
    for seed, name in enumerate((ONE, TWO)):
        config = tiny_config()
        save_model_with_config(tiny_network(config, seed), folder / name / f"{name}.safetensors", config)
    write_ensemble(folder / BOTH / f"{BOTH}.ensemble.json", [get_model(ONE), get_model(TWO)], rule=EnsembleRule.MEAN)
    return folder


def keep_result(owner: Workspace, model_id: str) -> str:
    """A result of the model for a new case of an owner; the case's id."""
    study = small_study()
    case = owner.add_study(study)
    weights = get_model(model_id).weights_sha256
    prediction = replace(small_prediction(study), model_id=model_id, weights_sha256=weights)
    put_result(owner, case.id, result_key(study.sha256, weights, {}), prediction)
    return case.id


def cohort(sha: str, model_id: str) -> KeptCohort:
    """A cohort that a model has scored."""
    scored = ScoredBy(model_id, get_model(model_id).weights_sha256, "c" * 64, {model_id: "sick"}, 7, 0.5)
    return KeptCohort(
        id="", name="", kind=CohortKind.IMAGES, sha256=sha * 64, created="", cases=7, labels={"sick": 7},
        positive="sick", patients=None, splits=(), slices=(), models=(scored,), unread=(), notes=(), source="/data",
        of_machine=False, folder=Path(),
    )  # fmt: skip


@pytest.mark.seeds(22)
def test_results_and_cohorts_of_every_owner_are_found_through_ensembles_too(shelf: Path) -> None:
    """A model that turns out wrong has spoiled each of them."""
    first, second = Workspace("owner-one"), Workspace("owner-two")
    keep_result(first, ONE), keep_result(first, TWO), keep_result(second, BOTH)
    owners_cohorts(second).keep(cohort("1", ONE), [], {}, None)
    machines_cohorts().keep(cohort("2", TWO), [], {}, None)
    machines_cohorts().keep(cohort("3", ONE), [], {}, None)

    found = recall(ONE)

    assert {(one.owner, one.what, one.name, one.model_id, one.cases) for one in found} == {
        (first.folder.name[:8], "result", "case-01", ONE, 1),
        (second.folder.name[:8], "result", "case-01", BOTH, 1),
        (second.folder.name[:8], "cohort", "cohort-01", ONE, 7),
        ("", "cohort", "cohort-02", ONE, 7),
    }


def test_model_without_results_recalls_nothing_and_an_unknown_one_is_refused(shelf: Path) -> None:
    """'Nothing' must not be the answer to a mistyped id."""
    keep_result(Workspace("owner-one"), ONE)

    assert recall(TWO) == []
    with pytest.raises(ModelNotFound):
        recall("tiny_v9.0.0")


def test_what_a_lost_model_left_behind_is_still_found(shelf: Path) -> None:
    """A registered version is remembered when its file is gone."""
    registry.register(ONE, "")
    keep_result(Workspace("owner-one"), ONE)
    (shelf / ONE / f"{ONE}.safetensors").unlink()

    assert [one.name for one in recall(ONE)] == ["case-01"]
