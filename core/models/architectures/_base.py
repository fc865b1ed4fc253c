"""What an architecture is: a name, how to build it, how to recognise it, and where its heat map is read.

Files in this folder import torch only inside functions, so that listing models stays light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.models.architectures._heads import HeadGradient

if TYPE_CHECKING:
    from torch import nn

    from core.models.config import ModelConfig

Shapes = Mapping[str, tuple[int, ...]]
"""Tensor names with their shapes: all that recognising an architecture needs."""


class Task(StrEnum):
    """What a network answers with."""

    CLASSIFICATION = "classification"
    SEGMENTATION = "segmentation"
    MULTITASK = "multitask"


@dataclass(frozen=True, slots=True)
class Architecture:
    """One row of the table.

    name : as it stands in a configuration. fields : the configuration's sizes that the tensors
    decide, so that a contradiction can be named. build : a fresh network of a configuration; it
    answers with logits (n, classes), with segmentation logits (n, channels, *spatial), or, a
    multitask network, with a mapping of both under 'logits' and 'segmentation'. infer : those
    fields from tensor shapes, None when these are not its tensors. heat_layer : the layer whose
    output (n, channels, *spatial) a heat map weighs, None where there is no class to explain.
    preset : the named input default. probe_side : side of the self-test's input. head_gradient : the class
    score's gradient at the heat layer in closed form, where the head allows it.
    """

    name: str
    task: Task
    fields: tuple[str, ...]
    build: Callable[[ModelConfig], nn.Module]
    infer: Callable[[Shapes], dict[str, Any] | None]
    heat_layer: Callable[[nn.Module], nn.Module | None]
    preset: str
    spatial_dims: tuple[int, ...] = (2,)
    probe_side: Callable[[ModelConfig], int] = lambda _: 64
    divisor: Callable[[ModelConfig], int] = lambda _: 1
    head_gradient: HeadGradient | None = None


def no_heat(_: nn.Module) -> nn.Module | None:
    """A segmentation network has no class score to explain."""
    return None
