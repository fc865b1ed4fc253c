"""A study shown to a model, one at a time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import AdmissionError, Cancelled
from core.inference.predictor import Predictor
from core.models.building import build_network
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.model import Model
from core.studies.reader import read_study
from core.studies.study import Study
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows import predict as workflow
from core.workflows.predict import predict


@pytest.fixture
def model(tmp_path: Path) -> Model:
    config = ModelConfig(
        model_type="multitask",
        base_filters=4,
        depth=2,
        classes=("clear", "tumour"),
        labels=("mass",),
        input={"kind": "film", "size": (64, 64), "window": "full", "divisor": 4},
    )
    torch.manual_seed(0)
    path = tmp_path / "tiny_v1.0.0.safetensors"
    save_model_with_config(build_network(config).eval(), path, config, self_test=False)
    return read_model(path)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    path = tmp_path / "film.png"
    synthetic_film(path, seed=1)
    return read_study([path])


def test_workflow_gives_the_librarys_numbers(model: Model, study: Study) -> None:
    """The page and the command line call this; the library calls the predictor. One number for all."""
    through = predict(study, model, explain=True)
    direct = Predictor(model).predict(study, explain=True)

    assert through.scores == direct.scores
    assert np.array_equal(through.label_map, direct.label_map)
    assert np.array_equal(through.heat, direct.heat)


def test_study_of_the_other_kind_is_refused_before_waiting(model: Model, tmp_path: Path) -> None:
    """A refusal needs no device, so it must not stand in a queue for one."""
    path = tmp_path / "head.nii.gz"
    synthetic_volume(path, seed=1)
    head = read_study([path])

    with workflow._QUEUES["cpu"], pytest.raises(AdmissionError, match="reads X-rays"):
        predict(head, model)


def test_one_run_at_a_time_on_a_device(model: Model, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd waits; memory stays that of one run."""
    running, most = 0, 0
    lock = threading.Lock()
    real = Predictor._outcome

    def counted(self: Predictor, *args: Any, **named: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return real(self, *args, **named)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(Predictor, "_outcome", counted)
    results: list[dict[str, float]] = []
    crowd = [threading.Thread(target=lambda: results.append(dict(predict(study, model).scores))) for _ in range(6)]

    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert most == 1
    assert len(results) == 6
    assert all(scores == results[0] for scores in results)


def test_who_waits_is_told_and_can_leave(model: Model, study: Study) -> None:
    """Cancel works in the queue too."""
    told: list[str] = []

    with workflow._QUEUES["cpu"], pytest.raises(Cancelled):
        predict(study, model, progress=lambda _, text: told.append(text), cancelled=lambda: len(told) >= 2)

    assert told == ["Waiting for another run to end"] * 2


def test_turn_is_given_back_after_a_failure(model: Model, study: Study) -> None:
    """One failed run must not close the device for everybody."""
    with pytest.raises(Cancelled):
        predict(study, model, cancelled=lambda: True)

    assert predict(study, model).scores
