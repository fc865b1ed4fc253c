"""An exported file as an engine: run by the runtime that its reader would use, to hold it against the model.

Owns opening the four formats. These are files that we have just written ourselves; what others bring never comes here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.engines.engine import Batch, Outputs
from core.errors import InferenceError
from core.models.building import build_on_meta, named_outputs
from core.models.exporting import INPUT, quiet
from core.models.formats import ExportFormat
from core.models.importing import read_checkpoint
from core.models.model import Model
from core.models.tensor_file import read_arrays, read_header

Run = Callable[[Batch], Outputs]


class ExportedEngine:
    """One exported file of a model on the CPU; satisfies `Engine`."""

    def __init__(self, model: Model, form: ExportFormat, path: Path) -> None:
        self._model, self._form, self._path = model, form, path
        self._run: Run | None = None

    def load(self) -> None:
        """Open the file; safe to call again."""
        if self._run is None:
            with quiet():
                self._run = _OPENERS[self._form](self._model, self._path)

    def run(self, batch: Batch) -> Outputs:
        """Raw outputs for a batch (n, channels, *spatial), as float32."""
        self.load()
        if self._run is None:
            raise RuntimeError("the file was not opened")
        return self._run(batch)

    def describe(self) -> dict[str, Any]:
        """The format in the place of a device."""
        return {"device": f"cpu, {self._form}", "precision": "float32", "versions": {}}


def _onnx(_: Model, path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    state = onnxruntime.capi.onnxruntime_pybind11_state

    def run(batch: Batch) -> Outputs:
        try:
            return dict(zip(names, session.run(names, {INPUT: batch}), strict=True))
        except (state.Fail, state.InvalidArgument, state.RuntimeException, state.NotImplemented) as error:
            raise InferenceError(
                found=f"ONNX Runtime cannot run the file ({type(error).__name__}).",
                why="The graph that torch's exporter wrote does not hold together.",
                do="Use another format.",
            ) from error

    return run


def _torchscript(model: Model, path: Path) -> Run:
    return _runs(model, torch.jit.load(str(path), map_location="cpu"))  # type: ignore[no-untyped-call]  # torch leaves it so


def _pth(model: Model, path: Path) -> Run:
    return _runs(model, _filled(model, read_checkpoint(path).state))


def _safetensors(model: Model, path: Path) -> Run:
    arrays = read_arrays(path, read_header(path))
    return _runs(model, _filled(model, {name: torch.from_numpy(array) for name, array in arrays.items()}))


_OPENERS: dict[ExportFormat, Callable[[Model, Path], Run]] = {
    ExportFormat.ONNX: _onnx,
    ExportFormat.TORCHSCRIPT: _torchscript,
    ExportFormat.PTH: _pth,
    ExportFormat.SAFETENSORS: _safetensors,
}


def _filled(model: Model, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    network = build_on_meta(model.config)
    full = {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
    network.load_state_dict(full, strict=True, assign=True)
    return network.eval()


def _runs(model: Model, network: torch.nn.Module) -> Run:
    def run(batch: Batch) -> Outputs:
        with torch.inference_mode():
            outputs = named_outputs(model.task, network(torch.from_numpy(np.ascontiguousarray(batch))))
        return {name: value.float().numpy() for name, value in outputs.items()}

    return run
