"""Several models as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError
from core.inference.answer import Watch, ask
from core.inference.heat import heat_on_study
from core.inference.postprocess import softmax
from core.inference.predictor import Predictor
from core.inference.preprocess import preprocess
from core.models.model import EnsembleRule, Member, Model

MakeModel = Callable[..., Model]


def together(models: list[Model], rule: EnsembleRule, shares: tuple[float, ...] = ()) -> Model:
    weights = shares or (1 / len(models),) * len(models)
    members = tuple(Member(m, w) for m, w in zip(models, weights, strict=True))
    return replace(
        models[0], id="panel_v1.0.0", weights_sha256="e" * 64, members=members, rule=rule, operating_points=()
    )


@pytest.fixture
def chest_film(film: Any) -> Any:
    return film(np.random.default_rng(3).random((90, 70)), modality="DX", body_part="CHEST")


@pytest.fixture
def head(volume: Any) -> Any:
    return volume(np.random.default_rng(3).random((20, 24, 18)), np.diag([-1.0, 1, 1, 1]), modality="MR")


@pytest.mark.parametrize(("rule", "shares"), [(EnsembleRule.MEAN, ()), (EnsembleRule.WEIGHTED, (0.5, 0.3, 0.2))])
def test_scores_are_averaged(
    saved_model: MakeModel, chest_film: Any, rule: EnsembleRule, shares: tuple[float, ...]
) -> None:
    """The written-out average of the members' own scores."""
    models = [saved_model("classifier", seed=s) for s in range(3)]
    each = [Predictor(m, "cpu").predict(chest_film).scores["PNEUMONIA"] for m in models]

    prediction = Predictor(together(models, rule, shares), "cpu").predict(chest_film)

    assert prediction.scores["PNEUMONIA"] == pytest.approx(np.average(each, weights=shares or None), abs=1e-12)
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert prediction.weights_sha256 == "e" * 64


def test_vote_is_the_share_of_members_that_call_the_class(saved_model: MakeModel, chest_film: Any) -> None:
    """One member, one vote."""
    models = [saved_model("classifier", seed=s) for s in range(3)]
    calls = [Predictor(m, "cpu").predict(chest_film).scores["PNEUMONIA"] > 0.5 for m in models]

    scores = Predictor(together(models, EnsembleRule.VOTE), "cpu").predict(chest_film).scores

    assert scores["PNEUMONIA"] == pytest.approx(np.mean(calls))


def test_mean_label_is_the_argmax_of_the_mean_probability(saved_model: MakeModel, head: Any) -> None:
    """Members see different windows and normalisations; they meet on the study's own grid."""
    spec = {"kind": "volume", "patch": (24, 24, 24), "window": "percentile", "divisor": 4}
    models = [saved_model("segmenter", seed=0), saved_model("segmenter", seed=1, input=spec)]

    answers = [ask(head, m, device="cpu", explained=None, watch=Watch()) for m in models]
    means = sum(a.prepared.to_study_grid(softmax(a.segmentation, 0), order=1) for a in answers)

    prediction = Predictor(together(models, EnsembleRule.MEAN), "cpu").predict(head)

    assert np.array_equal(prediction.label_map, means.argmax(0))
    assert sum(prediction.voxels.values()) == np.count_nonzero(prediction.label_map)


def test_voted_label_is_the_majoritys_and_a_tie_is_background(saved_model: MakeModel, head: Any) -> None:
    """Two members against one win; of three that disagree, the lowest label."""
    models = [saved_model("segmenter", seed=s) for s in range(3)]
    maps = np.stack([Predictor(m, "cpu").predict(head).label_map for m in models])
    votes = np.stack([(maps == value).sum(0) for value in range(3)])

    found = Predictor(together(models, EnsembleRule.VOTE), "cpu").predict(head).label_map

    assert np.array_equal(found, votes.argmax(0))


def test_foreground_is_the_mean_of_the_members_or_the_share_of_votes(saved_model: MakeModel, head: Any) -> None:
    """The cut-off of an ensemble is dragged over what its members say together."""
    models = [saved_model("segmenter", seed=s) for s in range(3)]
    single = [Predictor(m, "cpu").predict(head) for m in models]

    mean = Predictor(together(models, EnsembleRule.MEAN), "cpu").predict(head).foreground
    votes = Predictor(together(models, EnsembleRule.VOTE), "cpu").predict(head).foreground

    steps = np.mean([one.foreground for one in single], axis=0)
    assert mean is not None
    assert votes is not None
    assert np.abs(mean - steps).max() <= 1 + 1e-6
    called = np.mean([one.label_map > 0 for one in single], axis=0)
    assert np.abs(votes - 200 * called).max() <= 1


def test_heat_is_the_mean_of_the_members_maps(saved_model: MakeModel, chest_film: Any) -> None:
    """Each member's map counts alike, whatever the height of its gradients."""
    models = [saved_model("classifier", seed=s, model_type="resnet18") for s in range(2)]
    each = [Predictor(m, "cpu").predict(chest_film, explain=True).heat for m in models]
    mean = (each[0] + each[1]) / 2

    prediction = Predictor(together(models, EnsembleRule.MEAN), "cpu").predict(chest_film, explain=True)

    assert np.allclose(prediction.heat, mean / mean.max(), atol=1e-6)
    assert prediction.heat_for == "PNEUMONIA"


def test_members_that_answer_other_questions_are_refused(saved_model: MakeModel, chest_film: Any) -> None:
    """An average of 'pneumonia' and 'effusion' is a number without a meaning."""
    models = [saved_model("classifier"), saved_model("classifier", seed=1, classes=("NORMAL", "EFFUSION"))]

    with pytest.raises(ConfigError, match="EFFUSION"):
        Predictor(together(models, EnsembleRule.MEAN), "cpu").predict(chest_film)


def test_map_without_a_peak_stays_zero(saved_model: MakeModel, chest_film: Any) -> None:
    """Nothing is divided by nothing."""
    prepared = preprocess(chest_film, saved_model("classifier").input)

    assert not heat_on_study(np.zeros((64, 64), np.float32), prepared).any()
