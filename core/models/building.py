"""Networks from configurations: on the meta device first, so that a size is known before memory is taken.

Owns building and its bound. Filling a network with weights is `loading`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError
from core.models import architectures
from core.models.architectures import Shapes, Task
from core.models.config import ModelConfig
from core.models.input_spec import InputSpec
from core.models.presets import default_input
from core.settings import settings

if TYPE_CHECKING:
    from torch import Tensor, nn

BYTES_A_PARAMETER = 4
"""Weights are kept as float32."""


def build_on_meta(config: ModelConfig) -> nn.Module:
    """The network of a configuration without memory behind its tensors, in evaluation mode.

    Raises
    ------
    ConfigError : its weights would be larger than a checkpoint may be.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class LinspaceOnCpu(TorchFunctionMode):
        """SwinUNETR asks a linspace for its numbers while it is built; the meta device has none."""

        def __torch_function__(
            self,
            func: Callable[..., Any],
            types: Sequence[type],
            args: tuple[Any, ...] = (),
            kwargs: Mapping[str, Any] | None = None,
        ) -> Any:  # whatever the wrapped function gives
            named = dict(kwargs or {})
            if func is torch.linspace:
                named["device"] = "cpu"
            return func(*args, **named)

    with torch.device("meta"), LinspaceOnCpu():
        network = architectures.get(config.model_type).build(config)
    count = sum(tensor.numel() for tensor in network.state_dict().values())
    limit = settings().checkpoint_mib * 2**20 // BYTES_A_PARAMETER
    if count > limit:
        raise ConfigError(
            found=f"A {config.model_type} of these sizes has {count:,} weights.",
            why=f"That is more than the {limit:,} that a checkpoint may hold here.",
            do="Lower base_filters or depth, or raise READROOM_CHECKPOINT_MIB.",
        )
    return network.eval()


def build_network(config: ModelConfig) -> nn.Module:
    """A fresh network with random weights on the CPU, in training mode; raises like `build_on_meta`."""
    build_on_meta(config)
    return architectures.get(config.model_type).build(config)


@lru_cache(maxsize=128)
def expected_shapes(config: ModelConfig) -> Shapes:
    """Every tensor that a checkpoint of this configuration holds, with its shape; read-only."""
    state = build_on_meta(config).state_dict()
    return MappingProxyType({name: tuple(tensor.shape) for name, tensor in state.items()})


def build_model(name: str, num_classes: int) -> tuple[nn.Module, InputSpec]:
    """A fresh network by name, and what it wants to be fed.

    num_classes : outputs of the classification head, or channels of the segmentation head where
    there is no other. torchvision classifiers read grey repeated to three channels.

    Raises
    ------
    ConfigError : the name is unknown (the known ones are listed) or the number is out of range.
    """
    architecture = architectures.get(name)
    fields: dict[str, Any] = {"model_type": name, "spatial_dims": architecture.spatial_dims[0]}
    if architecture.task is Task.CLASSIFICATION:
        fields |= {"in_channels": 3, "cls_num_classes": num_classes}
    elif architecture.task is Task.SEGMENTATION:
        fields |= {"seg_out_channels": num_classes}
    else:
        fields |= {"cls_num_classes": num_classes}
    config = ModelConfig.checked(fields)
    return build_network(config), default_input(config)


def named_outputs(task: Task, answer: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a network answered, under 'logits' (n, classes) and 'segmentation' (n, channels, *spatial)."""
    if isinstance(answer, Mapping):
        return dict(answer)
    return {"segmentation" if task is Task.SEGMENTATION else "logits": answer}
