"""Small sound checkpoints in every container that is read, as bytes: what the mutators damage.

Owns the list; films and volumes are in `sound`, which needs no torch.
"""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import save as save_safetensors

from core.models import save_model_with_config
from core.models.catalog import read_model
from core.models.exporting import export_model
from core.models.formats import ExportFormat
from tests.models.conftest import tiny_config, tiny_network


@cache
def checkpoints() -> dict[str, bytes]:
    """Weights of one small network in each container that is read."""
    config = tiny_config("multitask", base_filters=2, depth=1)
    network = tiny_network(config)
    state = network.state_dict()
    whole = {"model_state_dict": state, "config": config.model_dump(mode="json"), "epoch": 3}
    with tempfile.TemporaryDirectory() as folder:
        save_model_with_config(network, Path(folder) / "own.safetensors", config)
        own = (Path(folder) / "own.safetensors").read_bytes()
        for form in (ExportFormat.TORCHSCRIPT, ExportFormat.ONNX):
            export_model(read_model(Path(folder) / "own.safetensors"), form, Path(folder) / form)
        script, onnx = ((Path(folder) / form).read_bytes() for form in (ExportFormat.TORCHSCRIPT, ExportFormat.ONNX))
    return {
        "zip.pth": torch_bytes(whole),
        "legacy.pt": torch_bytes(whole, zipped=False),
        "bare.pt": torch_bytes(dict(state)),
        "foreign.safetensors": save_safetensors({name: tensor.contiguous() for name, tensor in state.items()}),
        "own.safetensors": own,
        "script.pt": script,
        "onnx": onnx,
    }


def torch_bytes(content: object, *, zipped: bool = True) -> bytes:
    """What torch.save writes."""
    out = io.BytesIO()
    torch.save(content, out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()
