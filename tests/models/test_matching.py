"""Refusals that a reader can act on: blocks, shapes, and the nearest architecture."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import CheckpointError, ConfigError
from core.models import ModelConfig
from core.models.building import expected_shapes
from core.models.matching import compare, nearest, refuse_unknown, require_config_matches, require_match

MOBILE = ModelConfig.checked({"model_type": "mobilenet_v3_small", "in_channels": 3})


@pytest.mark.seeds(31)
def test_missing_unexpected_and_mismatched_tensors_are_grouped_by_block() -> None:
    """Hundreds of names in a row tell nothing; blocks do."""
    found = dict(expected_shapes(MOBILE))
    for name in [n for n in found if n.startswith("features.4.")]:
        del found[name]
    found |= {"extra.one": (1,), "extra.two": (2,), "classifier.3.bias": (7,)}

    with pytest.raises(CheckpointError) as refusal:
        require_match(MOBILE, expected_shapes(MOBILE), found)

    assert "missing (features.4: " in refusal.value.found
    assert "2 unexpected (extra: 2)" in refusal.value.found
    assert "1 of another shape (classifier.3: 1; classifier.3.bias is 7 where 2 is expected)" in refusal.value.found
    require_match(MOBILE, expected_shapes(MOBILE), dict(expected_shapes(MOBILE)))


def test_many_blocks_are_counted_not_listed() -> None:
    """A refusal is three short sentences."""
    sentence = compare(expected_shapes(MOBILE), {}).sentence()

    assert "more blocks" in sentence
    assert len(sentence) < 200


@pytest.mark.seeds(31)
def test_the_nearest_architecture_is_named_with_the_smallest_difference() -> None:
    """A network with one head changed is still recognisably that network."""
    shapes = dict(expected_shapes(MOBILE)) | {"classifier.4.weight": (2, 2)}

    name, difference = nearest(shapes)

    assert (name, difference.size) == ("mobilenet_v3_small", 1)
    assert "nearest is mobilenet_v3_small: 1 unexpected (classifier.4: 1)" in refuse_unknown([shapes]).found


@pytest.mark.seeds(29)
@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"base_filters": 32, "depth": 3}, "base_filters = 32, the tensors say 4; depth = 3, the tensors say 2"),
        ({"cls_num_classes": 3}, "cls_num_classes = 3, the tensors say 2"),
        ({"spatial_dims": 3}, "spatial_dims = 3, the tensors say 2"),
    ],
)
def test_an_override_that_contradicts_the_tensors_is_refused_in_words(stated: dict[str, Any], said: str) -> None:
    """The document's `RuntimeError: size mismatch...`, with both sides named."""
    shapes = expected_shapes(ModelConfig(base_filters=4, depth=2))

    with pytest.raises(ConfigError, match=said):
        require_config_matches(stated, shapes)


@pytest.mark.seeds(29)
def test_an_override_that_agrees_is_accepted() -> None:
    """Old code that states the right sizes goes on working."""
    shapes = expected_shapes(ModelConfig(base_filters=4, depth=2))

    require_config_matches({"base_filters": 4, "depth": None}, shapes)
    require_config_matches(ModelConfig(base_filters=4, depth=2), shapes)
    require_config_matches({"base_filters": 64}, {"unknown.weight": (1,)})
