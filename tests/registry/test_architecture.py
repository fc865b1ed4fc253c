"""What counts as another architecture."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from core.models.catalog import list_models
from core.models.model import EnsembleRule, Model
from core.registry.architecture import architecture_facts, differences
from core.settings import SHELF


@cache
def shipped() -> dict[str, Model]:
    """Our own models by id."""
    return {model.id: model for model in list_models([SHELF])}


def apart(model: Model, **changes: object) -> str:
    """In what a model with a changed configuration differs."""
    other = replace(model, config=model.config.model_copy(update=changes))
    return differences(architecture_facts(model), architecture_facts(other))


@pytest.mark.seeds(15)
def test_sizes_are_architecture_and_names_are_not() -> None:
    """A network of other tensors cannot take the weights of the old one; a renamed class can."""
    model = shipped()["hippocampus_unet3d_v1.0.0"]

    assert apart(model, base_filters=model.config.base_filters * 2).startswith("base filters")
    assert apart(model, norm="batch" if model.config.norm == "instance" else "instance").startswith("norm")
    assert apart(model, labels=("a", "b"), description="other", version="2") == ""


@pytest.mark.seeds(15)
def test_ensemble_is_its_rule_and_its_members() -> None:
    """Members with other weights are the same architecture; another rule is another one."""
    model = shipped()["chest_pneumonia_ensemble_v1.0.1"]
    other = replace(model, rule=EnsembleRule.VOTE)

    assert differences(architecture_facts(model), architecture_facts(other)) == "rule vote for mean"
    assert "members" in differences(
        architecture_facts(model), architecture_facts(replace(model, members=model.members[:1]))
    )
