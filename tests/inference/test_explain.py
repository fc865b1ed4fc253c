"""Heat maps against captum's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam

from core.engines.torch_engine import TorchEngine
from core.inference.explain import GradCam
from core.inference.prediction import NO_PEAK
from core.inference.predictor import Predictor
from core.models import architectures
from core.models.model import Model

CLASSIFIERS = ["resnet18", "densenet121", "mobilenet_v3_small", "efficientnet_b0", "swin_t"]


def captum_map(model: Model, batch: np.ndarray, target: int) -> np.ndarray:
    """The second implementation: captum's Grad-CAM on the same layer, upsampled and scaled to its peak."""
    network = TorchEngine(model, "cpu").network
    layer = architectures.get(model.config.model_type).heat_layer(network)
    inputs = torch.from_numpy(batch).requires_grad_()

    def logits(x: torch.Tensor) -> torch.Tensor:
        answer = network(x)
        return answer["logits"] if isinstance(answer, dict) else answer

    explainer = LayerGradCam(logits, layer)
    heat = explainer.attribute(inputs, target=target, relu_attributions=True)
    mode = "trilinear" if batch.ndim == 5 else "bilinear"
    return LayerAttribution.interpolate(heat, batch.shape[2:], mode)[:, 0].detach().numpy()


def scaled(heat: np.ndarray) -> np.ndarray:
    """Each map of a batch, 0..1 by its own peak."""
    return heat / np.maximum(heat.max(axis=tuple(range(1, heat.ndim)), keepdims=True), 1e-12)


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_map_equals_captums(saved_model: Callable[..., Model], architecture: str) -> None:
    """A wrong weighting still gives a pretty picture; only a second implementation can tell."""
    model = saved_model("classifier", seed=2, model_type=architecture, name=architecture)
    batch = np.random.default_rng(0).normal(size=(6, 3, 96, 96)).astype(np.float32)

    heat = [GradCam(TorchEngine(model, "cpu"), target).run(batch)["heat"][:, 0] for target in (0, 1)]

    assert max(h.max() for h in heat) > 0
    for target, found in enumerate(heat):
        assert np.abs(scaled(found) - scaled(captum_map(model, batch, target))).max() < 1e-3


def test_map_of_a_3d_multitask_network_equals_captums(saved_model: Callable[..., Model]) -> None:
    """The multitask head is explained like a classifier, in three dimensions too."""
    model = saved_model("multitask3d")
    batch = np.random.default_rng(0).normal(size=(1, 1, 16, 16, 16)).astype(np.float32)

    for target in (0, 1):
        found = GradCam(TorchEngine(model, "cpu"), target).run(batch)["heat"][:, 0]
        assert found.max() > 0
        assert np.abs(scaled(found) - scaled(captum_map(model, batch, target))).max() < 1e-3


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_explaining_changes_no_score(saved_model: Callable[..., Model], film: Any, architecture: str) -> None:
    """The score beside the heat map is the score without it, to the last digit."""
    model = saved_model("classifier", model_type=architecture, name=architecture)
    study = film(np.random.default_rng(0).random((80, 70)), modality="DX", body_part="CHEST")

    plain, explained = (Predictor(model, "cpu").predict(study, explain=e) for e in (False, True))

    assert plain.scores == explained.scores


def test_no_hook_and_no_gradient_stay_behind(saved_model: Callable[..., Model]) -> None:
    """The network is shared: a hook left on it would slow and change every later run."""
    engine = TorchEngine(saved_model("classifier"), "cpu")
    batch = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32)

    GradCam(engine, 1).run(batch)

    assert not any(module._forward_hooks for module in engine.network.modules())
    assert all(parameter.grad is None for parameter in engine.network.parameters())
    assert torch.is_grad_enabled()


def test_hook_is_gone_after_a_failure_too(saved_model: Callable[..., Model]) -> None:
    """A run that dies half-way must leave the shared network as it was."""
    engine = TorchEngine(saved_model("classifier"), "cpu")

    with pytest.raises(RuntimeError):
        GradCam(engine, 1).run(np.zeros((1, 7, 64, 64), np.float32))

    assert not any(module._forward_hooks for module in engine.network.modules())


def test_heat_lies_on_the_studys_own_grid_and_peaks_at_one(saved_model: Callable[..., Model], film: Any) -> None:
    """The contours are drawn over the film, not over what the network saw."""
    model = saved_model("classifier", model_type="resnet18")
    study = film(np.random.default_rng(0).random((90, 50)), modality="DX", body_part="CHEST")

    prediction = Predictor(model, "cpu").predict(study, explain=True)

    assert prediction.heat is not None
    assert prediction.heat.shape == (90, 50)
    assert prediction.heat.min() >= 0
    assert prediction.heat.max() == 1
    assert prediction.heat_for == "PNEUMONIA"


def test_empty_map_is_said(saved_model: Callable[..., Model], film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blank overlay must not look like a forgotten one."""
    monkeypatch.setattr("core.inference.explain._weigh", lambda scores, features: torch.zeros(1, 1, 2, 2))
    study = film(np.random.default_rng(0).random((90, 50)), modality="DX", body_part="CHEST")

    prediction = Predictor(saved_model("classifier"), "cpu").predict(study, explain=True)

    assert not prediction.heat.any()
    assert NO_PEAK in prediction.provenance.notes


def test_heat_of_a_volume_is_blended_over_its_windows(saved_model: Callable[..., Model], volume: Any) -> None:
    """A volume larger than a window still gets one map on its own grid."""
    study = volume(np.random.default_rng(0).random((20, 24, 18)), np.diag([-1.0, 1, 1, 1]), modality="MR")

    prediction = Predictor(saved_model("multitask3d"), "cpu").predict(study, explain=True)

    assert prediction.heat.shape == (20, 24, 18)
    assert prediction.heat.max() == 1
    assert prediction.provenance.timings_s["explain"] > 0


def test_segmentation_has_no_heat_map(saved_model: Callable[..., Model], volume: Any) -> None:
    """There is no class score to explain."""
    study = volume(np.random.default_rng(0).random((20, 24, 18)), modality="MR")

    prediction = Predictor(saved_model("segmenter"), "cpu").predict(study, explain=True)

    assert prediction.heat is None
    assert prediction.heat_for is None
