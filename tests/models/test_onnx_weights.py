"""ONNX files of others: weights by name, numbers of this file alone, and nothing of the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.errors import CheckpointError
from core.models import import_checkpoint
from core.models._onnx_weights import read_onnx

from .conftest import tiny_config, tiny_network


def model_of(tensors: list[onnx.TensorProto]) -> onnx.ModelProto:
    """A graph with these initialisers; what it computes does not matter."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    ], tensors)  # fmt: skip
    return helper.make_model(graph)


@pytest.mark.seeds(13, 32)
def test_named_initialisers_of_somebody_elses_file_fill_a_network(tmp_path: Path) -> None:
    """As torch's exporter writes them: every tensor but the counters of training, and constants without names."""
    network = tiny_network(tiny_config())
    tensors = [
        numpy_helper.from_array(tensor.numpy(), f"model.{name}")
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    ]
    tensors.append(numpy_helper.from_array(np.array([1, 2]), "val_7"))
    onnx.save(model_of(tensors), tmp_path / "m.onnx")

    model = import_checkpoint(tmp_path / "m.onnx")

    assert (model.architecture, model.config.base_filters) == ("multitask", 4)
    assert any("num_batches_tracked" in note for note in model.notes)
    assert any("prefix model." in note for note in model.notes)


def test_weights_in_another_file_are_never_fetched(tmp_path: Path) -> None:
    """The place can be any file of this machine."""
    tensor = numpy_helper.from_array(np.zeros((2, 3), np.float32), "fc.weight")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../../../etc/passwd"), ("offset", "0"), ("length", "24")):
        tensor.external_data.add(key=key, value=value)
    (tmp_path / "m.onnx").write_bytes(model_of([tensor]).SerializeToString())

    with pytest.raises(CheckpointError, match="keeps its weights in another file"):
        read_onnx(tmp_path / "m.onnx")


def test_folded_weights_are_refused_with_the_reason(tmp_path: Path) -> None:
    """What most exporters do to batch normalisation cannot be undone."""
    tensors = [numpy_helper.from_array(np.zeros((2, 3), np.float32), f"onnx::Conv_{n}") for n in range(4)]
    tensors.append(numpy_helper.from_array(np.zeros((2, 3), np.float32), "fc.weight"))
    onnx.save(model_of(tensors), tmp_path / "m.onnx")

    with pytest.raises(CheckpointError, match="4 layers have no names"):
        read_onnx(tmp_path / "m.onnx")


@pytest.mark.parametrize("shape", [[2**40], [2**31, 2**31], [-1], [1] * 9])
def test_a_tensor_that_claims_more_than_the_file_holds_is_damage(tmp_path: Path, shape: list[int]) -> None:
    """Memory is asked for only after the bytes were counted."""
    tensor = numpy_helper.from_array(np.zeros((2, 3), np.float32), "fc.weight")
    tensor.ClearField("dims")
    tensor.dims.extend(shape)
    (tmp_path / "m.onnx").write_bytes(model_of([tensor]).SerializeToString())

    with pytest.raises(CheckpointError, match="cannot be read to its end"):
        read_onnx(tmp_path / "m.onnx")


def test_texts_where_numbers_are_meant_are_refused(tmp_path: Path) -> None:
    """ONNX tensors may hold text."""
    tensor = helper.make_tensor("fc.weight", TensorProto.STRING, [1, 1], [b"x"])
    (tmp_path / "m.onnx").write_bytes(model_of([tensor]).SerializeToString())

    with pytest.raises(CheckpointError, match=r"fc\.weight is of a kind that is not read"):
        read_onnx(tmp_path / "m.onnx")
