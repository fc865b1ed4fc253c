"""A model of the shelf in another format: ONNX, TorchScript, a plain PyTorch dictionary, plain safetensors.

Owns writing the four, each with its `export_record` inside. Whether the file answers like the model is measured by
its caller before anybody gets it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointError
from core.models.building import build_on_meta, named_outputs
from core.models.export_record import RECORD_FILE, Arrays, record_of, texts_as_json, to_texts
from core.models.facts import FORMAT
from core.models.formats import ExportFormat
from core.models.loading import load_network
from core.models.model import Model
from core.models.self_test import portable_noise
from core.models.tensor_file import read_arrays, read_header, write_tensors

if TYPE_CHECKING:
    from torch import nn

OPSET = 18
"""Of ONNX: the lowest that torch's exporter writes without converting; ONNX Runtime reads it since 1.14 (2023)."""

INPUT = "image"
"""Name of the ONNX graph's input (batch, channels, *spatial)."""

MAX_BATCH = 64
"""Written into the ONNX graph as the bound of its first axis."""


def export_model(model: Model, form: ExportFormat, path: Path) -> None:
    """Write the model to a file of that format; what is said about it stands inside (`export_record`).

    Raises
    ------
    CheckpointError : an ensemble, a variant, a model with a problem, or a network that the format's exporter cannot
        follow.
    """
    if model.members or model.architecture == "ensemble":
        raise CheckpointError(
            found=f"{model.id} is an ensemble.",
            why="It has no weights of its own, so there is nothing that one file could hold.",
            do="Export its members one by one; `models` lists them.",
        )
    if model.variant is not None:
        raise CheckpointError(
            found=f"{model.id} is {model.variant.base.id} in {model.variant.precision}.",
            why="Its weights are its base's, and files for other programs hold those.",
            do=f"Export {model.variant.base.id}.",
        )
    header = read_header(model.path)
    arrays = read_arrays(model.path, header)
    with quiet():
        _WRITERS[form](model, arrays, path)


def _safetensors(model: Model, arrays: Arrays, path: Path) -> None:
    texts = to_texts(model, record_of(read_header(model.path)))
    write_tensors(path, arrays, {"format": FORMAT, **texts})


def _pth(model: Model, arrays: Arrays, path: Path) -> None:
    import torch

    texts = to_texts(model, record_of(read_header(model.path)))
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    beside = {**texts, "config": model.config.model_dump(mode="json"), "classes": list(model.classes)}
    with path.open("wb") as file:
        torch.save({"model_state_dict": state, **beside}, file)


def _torchscript(model: Model, _: Arrays, path: Path) -> None:
    import torch

    texts = texts_as_json(to_texts(model, record_of(read_header(model.path))))
    example = torch.from_numpy(noise(model, 1))
    with refused_by("TorchScript", model), torch.no_grad():
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch leaves it so
            plain_network(model), example, strict=False, check_trace=False
        )
        content = io.BytesIO()
        torch.jit.save(traced, content, _extra_files={RECORD_FILE: texts.encode()})
    path.write_bytes(content.getvalue())


def _onnx(model: Model, arrays: Arrays, path: Path) -> None:
    import onnx
    import torch

    network = plain_network(model)
    example = torch.from_numpy(noise(model, 2))  # of one, the batch would be taken for fixed
    with refused_by("ONNX", model), torch.no_grad():
        names = list(named_outputs(model.task, network(example)))
        program = torch.onnx.export(
            network, (example,), None, dynamo=True, optimize=False, verbose=False, opset_version=OPSET,
            external_data=False, input_names=[INPUT], output_names=names,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=MAX_BATCH)},),
        )  # fmt: skip
        if program is None:
            raise RuntimeError("the exporter wrote a file instead of giving the program")
        graph = program.model_proto
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    beside = {n: a for n, a in arrays.items() if n not in held or not np.array_equal(held[n], a.astype(held[n].dtype))}
    texts = to_texts(model, record_of(read_header(model.path), beside))
    onnx.helper.set_model_props(graph, texts)
    graph.doc_string, graph.producer_name = texts["notice"], "readroom"
    onnx.checker.check_model(graph, full_check=True)
    path.write_bytes(graph.SerializeToString())


_WRITERS: dict[ExportFormat, Callable[[Model, Arrays, Path], None]] = {
    ExportFormat.ONNX: _onnx,
    ExportFormat.TORCHSCRIPT: _torchscript,
    ExportFormat.PTH: _pth,
    ExportFormat.SAFETENSORS: _safetensors,
}


def plain_network(model: Model) -> nn.Module:
    """A network of its own for the exporter, which may change what it is given; the loaded one is shared."""
    loaded = load_network(model)
    network = build_on_meta(model.config)
    network.load_state_dict({n: t.clone().contiguous() for n, t in loaded.state_dict().items()}, assign=True)
    return network.requires_grad_(False).eval()


def fed_shape(model: Model) -> tuple[int, ...]:
    """What the network is fed: (1, channels, *spatial), in the size that the model's input specification states.

    Raises
    ------
    CheckpointError : it states none, since the model reads whole volumes of any size.
    """
    spatial = model.input.size or model.input.patch
    if spatial is None:
        raise CheckpointError(
            found=f"{model.id} reads whole volumes of any size.",
            why="An exported network is fed one size, and its answers are compared at that size.",
            do='State a window in its configuration, {"input": {"patch": […]}}, and import it with that.',
        )
    return (1, model.config.in_channels, *spatial)


def noise(model: Model, batch: int) -> NDArray[np.float32]:
    """The self-test's noise in the shape that the network is fed, the same in each place of the batch."""
    return np.repeat(portable_noise(fed_shape(model)), batch, axis=0)


@contextlib.contextmanager
def refused_by(form: str, model: Model) -> Iterator[None]:
    """The exporters raise whatever they come across; a network that one cannot follow is no fault of ours."""
    import torch

    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError, NotImplementedError, AssertionError,
            torch.onnx.OnnxExporterError) as error:  # fmt: skip
        raise CheckpointError(
            found=f"torch's exporter cannot write {model.architecture} as {form} ({type(error).__name__}).",
            why="The network does something that the format cannot say.",
            do="Export it as safetensors or pth, which hold the weights alone.",
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Inside, nothing is printed or warned about: exporters do both, and it is not for whoever reads our output."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            Path(os.devnull).open("w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
