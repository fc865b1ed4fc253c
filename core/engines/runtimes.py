"""The runtimes that run a graph on the CPU: OpenVINO and ONNX Runtime, in float32; of a variant OpenVINO, in less.

Owns how each is told to. Neither is needed to run the app; which one is installed is asked without importing it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.compiled import Compiled
from core.engines.engine import Batch
from core.errors import InferenceError
from core.models.exporting import INPUT
from core.models.variants import Precision

Run = Callable[[Batch], dict[str, NDArray[np.float32]]]


class RuntimeFault(InferenceError):
    """Raised where a runtime cannot open a graph, or run it. told : the runtime's own words."""

    def __init__(self, told: str) -> None:
        super().__init__(
            found="The engine stops while it runs the converted network.",
            why="It answered when it was compared with torch; the engine's version, or this machine, is another now.",
            do="Set READROOM_ENGINE to torch, or convert the model again: python -m core engines ID --convert.",
        )
        self.told = told


@dataclass(frozen=True, slots=True)
class Runtime:
    """name : as the setting has it. title : as it is shown. package : as it is installed.

    open : a graph, filled when that is needed, or what was kept of it compiled. precision : what it computes in, for
    a reader.
    """

    name: str
    title: str
    package: str
    open: Callable[[Callable[[], bytes], Compiled], Run]
    precision: str = "float32"

    @property
    def installed(self) -> str | None:
        """Its version, or None."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


@contextmanager
def _told(*faults: type[Exception]) -> Iterator[None]:
    """Inside, a runtime's own faults become ours."""
    try:
        yield
    except faults as fault:
        raise RuntimeFault(str(fault)) from fault


def _openvino(filled: Callable[[], bytes], kept: Compiled, hint: str = "f32") -> Run:
    import openvino

    core = openvino.Core()
    # Without the hint a CPU with bfloat16 would use it, silently.
    asked = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
    processor = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    made_by = f"{openvino.get_version()}, {processor}, {asked}"
    compiled = None
    if (content := kept.read(made_by)) is not None:
        with contextlib.suppress(RuntimeError):  # OpenVINO knows better what it can go on from
            compiled = core.import_model(io.BytesIO(content), "CPU", asked)
    if compiled is None:
        with _told(RuntimeError):
            compiled = core.compile_model(core.read_model(filled()), "CPU", asked)
        kept.offer(made_by, compiled.export_model)
    names = [output.get_any_name() for output in compiled.outputs]

    def run(batch: Batch) -> dict[str, NDArray[np.float32]]:
        request = compiled.create_infer_request()  # one each: threads may not share one
        with _told(RuntimeError):
            request.infer({INPUT: batch}, share_inputs=True)
        return {name: request.get_tensor(name).data.copy() for name in names}

    return run


def _onnxruntime(filled: Callable[[], bytes], _: Compiled) -> Run:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it warns of its own optimisations, and what fails is told by us
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others compute on this machine too
    own = onnxruntime.capi.onnxruntime_pybind11_state
    faults = (own.Fail, own.InvalidArgument, own.InvalidGraph, own.NotImplemented, own.RuntimeException)
    with _told(*faults):
        session = onnxruntime.InferenceSession(filled(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(batch: Batch) -> dict[str, NDArray[np.float32]]:
        with _told(*faults):
            return dict(zip(names, session.run(names, {INPUT: batch}), strict=True))

    return run


RUNTIMES = (
    Runtime("openvino", "OpenVINO", "openvino", _openvino),
    Runtime("onnxruntime", "ONNX Runtime", "onnxruntime", _onnxruntime),
)
"""In the order in which they are tried."""

REDUCED: dict[str, Runtime] = {
    Precision.BF16: Runtime("openvino", "OpenVINO", "openvino", partial(_openvino, hint="bf16"), "bfloat16"),
    Precision.INT8: Runtime("openvino", "OpenVINO", "openvino", _openvino, "int8"),
}
"""What runs a variant, by its precision. An int8 graph states itself what is 8 bits wide; the rest is float32."""


def lacking(precision: str) -> str:
    """What is missing here to compute in a variant's precision, in a sentence; empty where nothing is."""
    runtime = REDUCED[precision]
    if runtime.installed is None:
        return f"{runtime.title} is not installed."
    if precision == Precision.BF16 and not _computes_in_bfloat16():
        return "This processor does not compute in bfloat16."
    return ""


@cache
def _computes_in_bfloat16() -> bool:
    """Whether the processor does. Where it does not, OpenVINO takes float32 and does not say so."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
