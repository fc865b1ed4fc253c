"""Which statement counts, and where each value of a configuration comes from."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ConfigError
from core.models import ModelConfig
from core.models._resolve import ASK, Layer, class_names, embedded_config, identify_state, resolve
from core.models.building import expected_shapes
from core.models.matching import Identified, identify

DENSE = Identified("densenet121", {"in_channels": 3, "cls_num_classes": 2})
S1 = {"model": "densenet121", "img_size": 384, "classes": ["normal", "pneumonia"]}


@pytest.mark.seeds(1)
def test_every_field_knows_where_it_comes_from() -> None:
    """Shown on screen: what was stated, what was read off, what is only a habit."""
    layers = [
        Layer("asked", {"activation": "sigmoid"}),
        Layer("embedded", S1),
        Layer("model_config.json", {"version": "2"}),
    ]

    resolved = resolve(layers, DENSE, None)

    told = {name: resolved.origins[name] for name in (
        "activation", "classes", "model_type", "in_channels", "version", "description", "input.size", "input.window",
        "input.network_channels",
    )}  # fmt: skip
    assert told == {
        "activation": "asked", "classes": "embedded", "model_type": "embedded", "in_channels": "inferred from tensors",
        "version": "model_config.json", "description": "default", "input.size": "embedded",
        "input.window": "assumed: chest-xray-384", "input.network_channels": "inferred from tensors",
    }  # fmt: skip
    assert resolved.assumed == (
        "modalities = CR, DX (chest-xray-384)", "body_parts = CHEST (chest-xray-384)", "fit = pad (chest-xray-384)",
        "window = study (chest-xray-384)", "normalisation = imagenet (chest-xray-384)",
        "interpolation = bilinear (chest-xray-384)",
    )  # fmt: skip
    assert resolved.config.classes == ("normal", "pneumonia")


def test_what_was_asked_goes_before_what_the_file_says() -> None:
    """`--config` corrects a file, within what the tensors allow."""
    layers = [Layer("asked", {"classes": ["a", "b"], "input": {"size": [224, 224]}}), Layer("embedded", S1)]

    config = resolve(layers, DENSE, None).config

    assert config.classes == ("a", "b")
    assert config.input is not None
    assert config.input.size == (224, 224)


@pytest.mark.seeds(31)
@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"model": "resnet18"}, r"model_type = resnet18 \(embedded\), the tensors say densenet121"),
        ({"model_type": "densenet121", "in_channels": 1}, r"in_channels = 1 \(embedded\), the tensors say 3"),
        (S1 | {"classes": ["a", "b", "c"]}, r"3 classes \(embedded\), the tensors have 2 outputs"),
        ({"model": "timm/vit"}, "timm/vit"),
    ],
)
def test_the_tensors_decide_and_a_contradiction_names_both(stated: dict[str, Any], said: str) -> None:
    """Conflict 4 of the seeds: one file, two architectures."""
    with pytest.raises(ConfigError, match=said):
        resolve([Layer("embedded", stated)], DENSE, None)


def test_preprocessing_is_asked_for_where_nothing_may_be_assumed() -> None:
    """The refusal names every missing field and both ways out."""
    with pytest.raises(ConfigError, match=r"window, normalisation, interpolation.*--config FILE.*chest-xray-384"):
        resolve([Layer("embedded", S1)], DENSE, ASK)
    whole = {"kind": "film", "size": [384, 384], "fit": "stretch", "window": "full", "normalisation": "unit",
             "interpolation": "bicubic", "modalities": [], "body_parts": []}  # fmt: skip

    resolved = resolve([Layer("asked", {"input": whole}), Layer("embedded", S1)], DENSE, ASK)

    assert resolved.assumed == ()


def test_a_named_default_is_taken_by_its_name() -> None:
    """The name stands on every result."""
    resolved = resolve([Layer("embedded", S1)], DENSE, "slice-256")

    assert "normalisation = unit (slice-256)" in resolved.assumed
    assert resolved.config.input is not None
    assert resolved.config.input.size == (384, 384)
    with pytest.raises(ConfigError, match="named input default"):
        resolve([Layer("embedded", S1)], DENSE, "nothing")


def test_slices_of_a_volume_do_not_inherit_the_films_of_a_default() -> None:
    """A chest default must not refuse MRI for a network that walks volumes."""
    layers = [Layer("asked", {"input": {"kind": "volume", "slice_axis": 2}})]

    spec = resolve(layers, DENSE, None).config.input

    assert spec is not None
    assert (spec.modalities, spec.size, spec.slice_axis) == ((), (384, 384), 2)


def test_an_unknown_key_of_our_form_is_refused_and_a_trainers_notebook_is_kept() -> None:
    """Strict where it is a configuration; where it is none, a text."""
    with pytest.raises(ConfigError, match="base_filter"):
        resolve([Layer("asked", {"base_filter": 1})], DENSE, None)
    notebook = embedded_config({"config": {"lr": 0.1, "epochs": 3}, "classes": ["a", "b"]})

    resolved = resolve([Layer("embedded", notebook)], DENSE, None)

    assert resolved.config.training_config == '{"epochs": 3, "lr": 0.1}'
    assert resolved.config.classes == ("a", "b")


@pytest.mark.parametrize(
    ("held", "names"),
    [
        (["normal", "pneumonia"], ["normal", "pneumonia"]),
        ((0, 1), ["0", "1"]),
        ({"pneumonia": 1, "normal": 0}, ["normal", "pneumonia"]),
        ({"0": "normal"}, []),
        ("normal", []),
        (None, []),
    ],
)
def test_class_names_are_put_in_the_order_of_the_outputs(held: Any, names: list[str]) -> None:
    """ImageFolder's class_to_idx has them by name."""
    assert class_names(held) == names


def test_the_prefix_that_makes_an_architecture_is_taken_and_no_more() -> None:
    """MONAI's own names begin with `model.`, a wrapper's do too."""
    shapes = dict(expected_shapes(ModelConfig.checked({"model_type": "unet2d", "base_filters": 4, "depth": 1})))
    wrapped = {f"model.{name}": shape for name, shape in shapes.items()}

    assert identify(shapes) is not None
    for names, prefix in ((shapes, ""), (wrapped, "model.")):
        found = identify_state(names, ["", "model.", "model.model."])
        assert found is not None
        assert (found[0].name, found[1]) == ("unet2d", prefix)
    assert identify_state({"x": (1,)}, [""]) is None
