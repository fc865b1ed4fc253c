"""One contract over the whole table: a newcomer is found by itself and needs a row in SIZES."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core.errors import ConfigError
from core.models import ModelConfig, architectures, build_model
from core.models.architectures import Task
from core.models.building import build_on_meta, expected_shapes, named_outputs
from core.models.matching import compare, identify
from core.models.self_test import probe

SIZES: dict[str, list[dict[str, Any]]] = {
    **{
        name: [{"in_channels": 3, "cls_num_classes": 2}, {"in_channels": 1, "cls_num_classes": 5}]
        for name in ("densenet121", "efficientnet_b0", "efficientnet_b2", "mobilenet_v3_large", "mobilenet_v3_small",
                     "resnet18", "resnet50", "swin_t")
    },
    "multitask": [
        {"base_filters": 4, "depth": 2, "seg_out_channels": 3, "cls_num_classes": 4},
        {"base_filters": 4, "depth": 1, "spatial_dims": 3, "in_channels": 4},
    ],
    "unet2d": [{"base_filters": 4, "depth": 2, "seg_out_channels": 2}, {"base_filters": 8, "depth": 1, "res_units": 0}],
    "unet3d": [
        {"base_filters": 4, "depth": 3, "seg_out_channels": 3, "norm": "batch"},
        {"base_filters": 4, "depth": 2, "res_units": 1, "in_channels": 4},
        {"base_filters": 4, "depth": 3, "top_stride": 1},
        {"base_filters": 4, "depth": 2, "top_stride": 1, "in_channels": 4},
    ],
    "swin_unetr": [
        {"feature_size": 12, "in_channels": 4, "seg_out_channels": 3, "spatial_dims": 3},
        {"feature_size": 12, "in_channels": 3, "seg_out_channels": 2, "spatial_dims": 2},
    ],
}  # fmt: skip
ROWS = [(name, sizes) for name, rows in SIZES.items() for sizes in rows]
CLASSIFIERS = [name for name in SIZES if architectures.get(name).task is Task.CLASSIFICATION]


def test_every_architecture_has_a_row_here() -> None:
    """A file in the folder is in the table; a row that is forgotten here would be tested by nobody."""
    assert set(architectures.names()) == set(SIZES)


@pytest.mark.parametrize(("name", "sizes"), ROWS)
def test_sizes_are_read_back_from_the_tensors(name: str, sizes: dict[str, Any]) -> None:
    """The tensors decide: what was built is recognised, as itself alone, with every size that was asked for."""
    config = ModelConfig.checked({"model_type": name} | sizes)

    found = identify(expected_shapes(config))

    assert found is not None
    assert found.name == name
    assert {key: found.sizes[key] for key in sizes} == sizes
    assert set(architectures.get(name).fields) <= set(found.sizes)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "resnet18", "multitask", "unet2d", "unet3d", "swin_unetr"])
def test_a_network_answers_with_the_shape_of_its_task(name: str) -> None:
    """Predictor, self-test and training rely on these names and shapes; the other classifiers run at 384 below."""
    config = ModelConfig.checked({"model_type": name} | SIZES[name][-1])
    network = architectures.get(name).build(config).eval()
    array = torch.from_numpy(probe(config))

    with torch.inference_mode():
        answers = named_outputs(config.task, network(array))

    if config.task is not Task.SEGMENTATION:
        assert answers["logits"].shape == (1, config.cls_num_classes)
    if config.task is not Task.CLASSIFICATION:
        assert answers["segmentation"].shape == (1, config.seg_out_channels, *array.shape[2:])


@pytest.mark.parametrize(("name", "stride", "side"), [("unet2d", 2, 8), ("unet2d", 1, 4), ("unet3d", 1, 4)])
def test_first_level_may_keep_the_full_grid(name: str, stride: int, side: int) -> None:
    """A structure a few voxels thick is gone from a grid halved at once; what must divide a side halves with it."""
    architecture = architectures.get(name)
    config = ModelConfig.checked({"model_type": name, "base_filters": 4, "depth": 3, "in_channels": 1,
                                  "seg_out_channels": 2, "top_stride": stride})  # fmt: skip
    network = architecture.build(config).eval()

    with torch.inference_mode():
        answer = network(torch.zeros(1, 1, *(4 * side,) * config.spatial_dims))

    assert architecture.divisor(config) == side
    assert answer.shape[2:] == (4 * side,) * config.spatial_dims


@pytest.mark.seeds(3)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_work_at_384_pixels_and_have_a_heat_layer(name: str) -> None:
    """384 is the document's size; the heat layer's output must lie as (n, channels, rows, columns)."""
    network, spec = build_model(name, 2)
    layer = architectures.get(name).heat_layer(network.eval())
    assert layer is not None
    shapes: list[tuple[int, ...]] = []
    handle = layer.register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape)))

    with torch.inference_mode():
        logits = network(torch.zeros(1, spec.network_channels, 384, 384))
    handle.remove()

    assert logits.shape == (1, 2)
    assert spec.size == (384, 384)
    assert len(shapes[0]) == 4
    assert shapes[0][2:] == (12, 12)


@pytest.mark.seeds(2)
def test_build_model_gives_the_network_and_its_input_and_lists_the_known_names() -> None:
    """S1's `model, _ = build_model(model_name, num_classes)`."""
    for name in ("multitask", "unet2d", "unet3d"):
        network, spec = build_model(name, 3)
        assert next(network.parameters()).device.type == "cpu"
        assert spec.feeds_slices is (name != "unet3d")
    with pytest.raises(ConfigError, match="densenet121, efficientnet_b0"):
        build_model("vgg16", 2)
    with pytest.raises(ConfigError, match="cls_num_classes"):
        build_model("resnet18", 10**9)


@pytest.mark.parametrize("name", SIZES)
def test_building_on_the_meta_device_takes_no_memory(name: str) -> None:
    """Sizes are judged before memory is taken; SwinUNETR's linspace needs the work-around."""
    network = build_on_meta(ModelConfig.checked({"model_type": name} | SIZES[name][0]))

    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}


def test_a_hostile_size_within_the_bounds_is_still_refused_before_it_is_built() -> None:
    """512 filters, six levels: each number is legal, together they are 20 billion weights."""
    with pytest.raises(ConfigError, match="weights"):
        build_on_meta(ModelConfig(base_filters=512, depth=6))


def test_one_level_less_differs_in_named_tensors() -> None:
    """The nearest acceptance of the strict match: another depth is another network."""
    two, three = (expected_shapes(ModelConfig(base_filters=4, depth=depth)) for depth in (2, 3))

    assert compare(two, two).size == 0
    assert compare(two, three).size > 0
