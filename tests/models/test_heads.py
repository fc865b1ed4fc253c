"""The closed forms of a head's gradient, against torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.models import architectures
from core.models.architectures._heads import HeadGradient, mean_then_hidden, mean_then_linear, relu_mean_then_linear

CHANNELS = 6


class _Relu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x)


class _Mean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2).mean(2)


HEADS = {
    "linear": (nn.Sequential(_Mean(), nn.Linear(CHANNELS, 3)), mean_then_linear("1")),
    "relu": (nn.Sequential(_Relu(), _Mean(), nn.Linear(CHANNELS, 3)), relu_mean_then_linear("2")),
    "hidden": (
        nn.Sequential(_Mean(), nn.Linear(CHANNELS, 8), nn.Hardswish(), nn.Linear(8, 3)),
        mean_then_hidden("1", "3"),
    ),
}


@pytest.mark.parametrize(("head", "gradient"), HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("spatial", [(4, 5), (3, 4, 2)])
def test_closed_form_is_the_gradient(head: nn.Module, gradient: HeadGradient, spatial: tuple[int, ...]) -> None:
    """A heat map weighs features by the mean of this over the grid, times its places."""
    torch.manual_seed(0)
    features = (4 * torch.randn(5, CHANNELS, *spatial)).requires_grad_()
    weights = {name: tensor.detach().numpy() for name, tensor in head.state_dict().items()}

    for target in range(3):
        (slope,) = torch.autograd.grad(head(features)[:, target].sum(), features)
        expected = slope.flatten(2).sum(2).numpy()
        found = gradient(weights, features.detach().numpy(), target)
        assert np.allclose(found, expected, atol=1e-5)


def test_every_architecture_that_gives_scores_says_its_heads_form() -> None:
    """One without would make a heat map need torch."""
    silent = [
        name
        for name, one in architectures.known().items()
        if one.task is not architectures.Task.SEGMENTATION and one.head_gradient is None
    ]

    assert silent == []
