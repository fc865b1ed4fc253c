"""Records on disk: a JSON file, or a JSON file with arrays beside it, each whole or absent.

Owns how they are written and read back. Arrays are safetensors, never pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from core.models.atomic import write_atomically


def write_json(path: Path, plain: Any) -> None:  # JSON: any shape
    """Write JSON-ready values; what is on disk afterwards is the old file or the new one."""
    write_atomically(path, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())


def read_json(path: Path) -> Any | None:  # JSON: any shape
    """The values of a file that `write_json` wrote, or None where there is none."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_parts(path: Path, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `path`.json and `path`.safetensors; the JSON comes last, so that it vouches for the arrays."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    def write(file: IO[bytes]) -> None:
        file.write(save(contiguous))

    write_atomically(path.with_suffix(".safetensors"), write)
    write_json(path.with_suffix(".json"), plain)


def read_parts(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """What `write_parts` wrote, or None where its JSON is not there."""
    plain = read_json(path.with_suffix(".json"))
    return None if plain is None else (plain, load_file(path.with_suffix(".safetensors")))
