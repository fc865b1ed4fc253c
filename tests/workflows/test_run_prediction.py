"""Runs as jobs: results under their own key, refusals in words, the other cases done."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.inference.admission import Verdict
from core.inference.predictor import Predictor
from core.models.catalog import get_model
from core.models.model import Model
from core.settings import settings
from core.studies.study import Kind
from core.workflows.pictures import pictures
from core.workflows.result_view import command_of
from core.workflows.run_prediction import (
    admission_of,
    cases_to_run,
    find_figures,
    find_result,
    fits,
    is_about,
    key_of,
    start_run,
)
from core.workspace import Job, JobState, Workspace, jobs
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS
from tests.phantoms import add_phantom


@pytest.fixture
def owner(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An owner with a film (case-01) and a volume (case-02), and the tiny shelf."""
    monkeypatch.setenv("READROOM_SHELF", str(shelf))
    monkeypatch.setenv("READROOM_DEVICE", "cpu")
    settings.cache_clear()
    owner = Workspace("owner-one")
    add_phantom(owner, Kind.FILM)
    add_phantom(owner, Kind.VOLUME)
    return owner


def _run(owner: Workspace, model: Model, *names: str, engine: str | None = None) -> Job:
    job_id = start_run(owner, [owner.get_case(name) for name in names], model, engine)
    deadline = time.monotonic() + 60
    while (job := jobs.get(owner, job_id)).state is JobState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


@pytest.mark.seeds(54)
def test_a_run_keeps_what_the_library_gives(owner: Workspace) -> None:
    """Page, command line and library must give identical numbers."""
    model, case = get_model(HIPPOCAMPUS), owner.get_case("case-02")

    assert _run(owner, model, "case-02").state is JobState.DONE

    kept, direct = find_result(owner, case, model), Predictor(model, "cpu").predict(owner.study("case-02"))
    assert kept is not None
    np.testing.assert_array_equal(kept.label_map, direct.label_map)
    assert kept.volumes_ml == direct.volumes_ml
    shown = pictures(owner, "case-02", key=key_of(case, model))
    assert None not in (shown.labels_url, shown.foreground_url)
    steps = np.frombuffer(gzip.decompress(next(owner.folder.rglob("foreground-*.gz")).read_bytes()), np.uint8)
    assert np.array_equal(np.bincount(steps, minlength=201), np.bincount(direct.foreground.ravel(), minlength=201))


def test_a_result_is_found_for_its_case_and_model_alone(owner: Workspace) -> None:
    """Another model, or the same with other preprocessing, was not run."""
    model, case = get_model(CHEST), owner.get_case("case-01")
    _run(owner, model, "case-01")

    assert find_figures(owner, case, model) is not None
    assert find_figures(owner, case, get_model(CHEST_TWO)) is None
    assert find_figures(owner, owner.get_case("case-02"), model) is None
    assert find_figures(owner, case, replace(model, weights_sha256="0" * 64)) is None
    other_input = model.input.model_copy(update={"fit": "stretch"})
    assert find_figures(owner, case, replace(model, input=other_input)) is None


def test_a_classifier_always_brings_its_heat_map(owner: Workspace) -> None:
    """The page shows score and heat map together or not at all."""
    model, case = get_model(CHEST), owner.get_case("case-01")
    _run(owner, model, "case-01")

    shown = pictures(owner, "case-01", key=key_of(case, model))

    assert shown.heat_url is not None
    assert shown.heat_for == "pneumonia"


def test_one_refused_case_does_not_stop_the_others(owner: Workspace) -> None:
    """A night's run must not end at the first bad case, and must say which it was."""
    model = get_model(CHEST)

    job = _run(owner, model, "case-02", "case-01")

    assert job.state is JobState.FAILED
    assert job.refusal is not None
    assert job.refusal[0].startswith("1 of 2 cases gave no result: case-02.")
    assert find_figures(owner, owner.get_case("case-01"), model) is not None


def test_admission_is_remembered_with_the_case(owner: Workspace) -> None:
    """The page asks at every draw; the pixels must be read once."""
    case, model = owner.get_case("case-02"), get_model(CHEST)
    first = admission_of(owner, case, model)
    (owner.case_folder("case-02") / "study.json").unlink()

    again = admission_of(owner, case, model)

    assert first == again
    assert again.verdict is Verdict.REFUSED


def test_what_is_left_to_run_is_what_fits_and_was_not_run(owner: Workspace) -> None:
    """The button's number must be the number of runs."""
    model = get_model(CHEST)
    add_phantom(owner, Kind.FILM)
    before = [case.id for case in cases_to_run(owner, model)]

    _run(owner, model, "case-01")

    assert before == ["case-01", "case-03"]
    assert [case.id for case in cases_to_run(owner, model)] == ["case-03"]
    assert not fits(owner.get_case("case-02"), model)


def test_a_result_of_a_named_engine_is_its_own_and_says_so(owner: Workspace) -> None:
    """Whoever holds one engine against another must see which of them answered, and how to get it again."""
    model, case = get_model(HIPPOCAMPUS), owner.get_case("case-02")

    assert _run(owner, model, case.id, engine="torch").state is JobState.DONE

    named = find_result(owner, case, model, "torch")
    assert named is not None
    assert named.provenance.settings["engine"] == "torch"
    assert command_of(case, model, named).startswith("READROOM_ENGINE=torch python -m core predict")
    assert find_result(owner, case, model) is None
    assert cases_to_run(owner, model, "torch") == []
    assert key_of(case, model, "auto") == key_of(case, model)


def test_an_engine_that_cannot_run_the_model_ends_the_run_in_words(owner: Workspace) -> None:
    """Another engine in its place would answer under the chosen one's name."""
    model, case = get_model(HIPPOCAMPUS), owner.get_case("case-02")

    job = _run(owner, model, case.id, engine="openvino")

    assert job.state is JobState.FAILED
    assert job.refusal is not None
    assert "OpenVINO was chosen, and cannot run tiny hippocampus here." in job.refusal
    assert "Its network was not converted." in job.refusal
    assert is_about(job, case, model, "openvino")
    assert not is_about(job, case, model)
