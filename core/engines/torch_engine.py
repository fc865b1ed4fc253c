"""PyTorch as an engine: a GPU with autocast when there is one, else the CPU in float32.

Owns the precision and the translation of torch's memory errors. Weights come
from `core.models.loading`, which caches them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from core.engines.devices import choose_device
from core.engines.engine import Batch, OutOfMemory, Outputs
from core.engines.recorded import Recorded, Tensors, record_on_gpu
from core.models.building import named_outputs
from core.models.loading import load_network
from core.models.model import Model
from core.settings import settings

_recorded: WeakKeyDictionary[nn.Module, dict[bool, Recorded]] = WeakKeyDictionary()
"""By network, since an engine lives for one prediction; then by whether it runs in float16."""

CPU_OUT_OF_MEMORY = "can't allocate memory"
"""How torch's CPU allocator words it; it raises a plain RuntimeError."""


class TorchEngine:
    """One model's network on one device; satisfies `Engine`.

    Parameters
    ----------
    model : the handle; weights are loaded at the first use.
    device : 'cpu', 'cuda' or None for the setting's choice.
    """

    def __init__(self, model: Model, device: str | None = None) -> None:
        self.model, self.device = model, torch.device(choose_device(device))
        self._network: nn.Module | None = None
        self._half = self.device.type == "cuda"

    @property
    def place(self) -> str:
        """'cpu' or 'cuda'."""
        return self.device.type

    @property
    def network(self) -> nn.Module:
        """The network, in evaluation mode on the device."""
        if self._network is None:
            # Not in inference mode, whatever the caller is in: such weights could never be explained.
            with memory_errors(), torch.inference_mode(False):
                self._network = load_network(self.model, str(self.device))
        return self._network

    def load(self) -> None:
        """Bring the weights to the device; safe to call again."""
        _ = self.network

    def run(self, batch: Batch) -> Outputs:
        """Raw outputs for a batch (n, channels, *spatial), as float32.

        Raises
        ------
        OutOfMemory : the batch does not fit on the device.
        """
        network = self.network
        with memory_errors(), torch.inference_mode():
            inputs = torch.from_numpy(batch).to(self.device)
            with self.arithmetic():
                outputs = self._answer(network, inputs)
            found = {name: value.float().cpu().numpy() for name, value in outputs.items()}
        return self.run(batch) if self.overflowed(found) else found

    def _answer(self, network: nn.Module, inputs: torch.Tensor) -> Tensors:
        def forward(inputs: torch.Tensor) -> Tensors:
            return named_outputs(self.model.task, network(inputs))

        if self.device.type != "cuda" or not settings().cuda_graphs:
            return forward(inputs)
        by_precision = _recorded.setdefault(network, {})
        return by_precision.setdefault(self._half, Recorded(record_on_gpu))(forward, inputs)

    def overflowed(self, outputs: Outputs) -> bool:
        """Whether float16 ran over in these outputs; from then on the engine computes in float32, and says so."""
        if not self._half or all(np.isfinite(value).all() for value in outputs.values()):
            return False
        self._half = False
        return True

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """The precision in force: float16 autocast on a GPU, and kernels that give the same bits each time."""
        with ExitStack() as stack:
            if self.device.type == "cuda":
                stack.enter_context(
                    torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
                )
                # A cast weight kept by autocast would be gone when a recording is replayed; each is used once anyway.
                stack.enter_context(
                    torch.autocast("cuda", dtype=torch.float16, enabled=self._half, cache_enabled=False)
                )
            yield

    def describe(self) -> dict[str, Any]:
        """The device and precision in words, and the versions that shaped the numbers."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"
        return {
            "device": name,
            "precision": "float16 autocast" if self._half else "float32",
            "versions": dict(_versions()),
        }


@cache
def _versions() -> dict[str, str]:
    names = ("readroom", "torch", "torchvision", "monai", "numpy")
    return {**{name: version(name) for name in names}, "python": platform.python_version()}


@contextmanager
def memory_errors() -> Iterator[None]:
    """Inside, every way in which torch says that memory ran out becomes `OutOfMemory`."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory(str(error)) from error
    except RuntimeError as error:
        if CPU_OUT_OF_MEMORY not in str(error):
            raise
        raise OutOfMemory(str(error)) from error
    except MemoryError as error:
        raise OutOfMemory(str(error)) from error
