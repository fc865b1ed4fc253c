"""The formats that a model is exported to, by name; apart so that a command line's help waits for no library."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """The formats that are written."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    PTH = "pth"
    SAFETENSORS = "safetensors"
