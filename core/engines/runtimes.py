"""The runtimes that run a graph on the CPU: OpenVINO and ONNX Runtime, always in float32.

Owns how each is told to. Neither is needed to run the app; which one is installed is asked without importing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.engine import Batch
from core.models.exporting import INPUT

Run = Callable[[Batch], dict[str, NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Runtime:
    """name : as the setting has it. title : as it is shown. package : as it is installed. open : a filled graph."""

    name: str
    title: str
    package: str
    open: Callable[[bytes], Run]

    @property
    def installed(self) -> str | None:
        """Its version, or None."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def _openvino(network: bytes) -> Run:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(network),
        "CPU",
        # Without the hint a CPU with bfloat16 would use it, silently.
        {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"},
    )
    names = [output.get_any_name() for output in compiled.outputs]

    def run(batch: Batch) -> dict[str, NDArray[np.float32]]:
        request = compiled.create_infer_request()  # one each: threads may not share one
        request.infer({INPUT: batch}, share_inputs=True)
        return {name: request.get_tensor(name).data.copy() for name in names}

    return run


def _onnxruntime(network: bytes) -> Run:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of its own optimisations
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others compute on this machine too
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda batch: dict(zip(names, session.run(names, {INPUT: batch}), strict=True))


RUNTIMES = (
    Runtime("openvino", "OpenVINO", "openvino", _openvino),
    Runtime("onnxruntime", "ONNX Runtime", "onnxruntime", _onnxruntime),
)
"""In the order in which they are tried."""
