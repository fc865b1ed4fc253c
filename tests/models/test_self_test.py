"""The self-test notices what a hash cannot: that the same weights answer otherwise here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from core.models import self_test

from .conftest import tiny_config, tiny_network


def test_the_generator_is_splitmix64() -> None:
    """Known answers of the published generator for seed 20, so that no library's change can move the input."""
    mask, state, expected = 2**64 - 1, 20, []
    for _ in range(5):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        expected.append(((z ^ (z >> 31)) >> 40) / 2**23 - 1)

    noise = self_test.portable_noise((5,))

    assert noise.dtype == np.float32
    assert noise.tolist() == expected
    assert -1 <= self_test.portable_noise((1000,)).min() < -0.99
    assert 0.99 < self_test.portable_noise((1000,)).max() < 1


@pytest.mark.parametrize("name", ["multitask", "unet3d", "mobilenet_v3_small"])
def test_a_network_passes_its_own_record_and_fails_when_a_weight_moves(name: str) -> None:
    """Every kind of answer is covered: scores, label maps and both."""
    config = tiny_config(name)
    network = tiny_network(config)
    expected = self_test.record(network, config)
    assert self_test.differences(network, config, expected) is None

    with torch.no_grad():
        list(network.parameters())[-1].add_(1.0)

    said = self_test.differences(network, config, expected)
    assert said is not None
    assert "differs by" in said


def test_recording_leaves_the_network_in_training_mode_as_it_was() -> None:
    """Saving in the middle of training must not change training."""
    config = tiny_config()
    network = tiny_network(config).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    self_test.record(network, config)

    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_nan_and_another_shape_are_differences() -> None:
    """NaN compares as false with everything, which must not pass as equal."""
    config = tiny_config()
    network = tiny_network(config)
    expected = self_test.record(network, config)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    nan = self_test.differences(network, config, expected)

    assert nan is not None
    assert "nan" in nan
    wider = tiny_config(cls_num_classes=3)
    assert self_test.differences(tiny_network(wider), wider, expected) is not None
    volume = tiny_config("unet3d")
    assert "the test input has shape" in str(self_test.differences(tiny_network(volume), volume, expected))


def test_network_that_answers_with_no_numbers_is_refused() -> None:
    """Found by `make fuzz`: weights can be finite and still overflow on the way through."""
    config = tiny_config()
    network = tiny_network(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1e30)

    with pytest.raises(CheckpointError, match="values that are no numbers"):
        self_test.record(network, config)
