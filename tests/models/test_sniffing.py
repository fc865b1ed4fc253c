"""What a file is, by its content: each kind of the documents has a stated answer."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

from core.errors import CheckpointError
from core.models.sniffing import REFUSED, Container, recognise
from core.settings import settings


def put(path: Path, content: bytes) -> Path:
    """A file with that content and a misleading name."""
    path.write_bytes(content)
    return path


def test_readable_kinds_are_recognised_whatever_their_name(tmp_path: Path) -> None:
    """A name is never trusted."""
    torch.save({"a": torch.zeros(1)}, tmp_path / "new.onnx")
    torch.save({"a": torch.zeros(1)}, tmp_path / "old.h5", _use_new_zipfile_serialization=False)
    save_file({"a": np.zeros(1)}, tmp_path / "st.pkl")

    assert recognise(tmp_path / "new.onnx") is Container.TORCH_ZIP
    assert recognise(tmp_path / "old.h5") is Container.TORCH_LEGACY
    assert recognise(tmp_path / "st.pkl") is Container.SAFETENSORS


@pytest.mark.seeds(32)
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 64, "an HDF5 file, as Keras writes (.h5)"),
        (b"\x08\x01\x12\xa8\x04\n\x0b", "a TensorFlow graph (.pb)"),
        (b"\n;\n\x05input\x12\x0bPlaceholder*", "a TensorFlow graph (.pb)"),
        (pickle.dumps({"model": [1, 2]}), "a plain Python pickle"),
        (pickle.dumps({"model": [1, 2]}, protocol=0), "a plain Python pickle"),
        (pickle.dumps({"a": 1}, protocol=1), "a plain Python pickle"),
        (b"cos\nsystem\n(S'true'\ntR.", "a plain Python pickle"),
        (pickle.dumps({"x": "joblib.numpy_pickle"}), "a joblib file"),
        (zlib.compress(b"joblib"), "a compressed file, perhaps of joblib"),
        (b"\x1f\x8b\x08\x00", "a compressed file, perhaps of joblib"),
        (b"\x00" * 257 + b"ustar", "a PyTorch file of before version 0.2"),
        (b'{"depth": 4}', "a text file"),
        (b"\xde\xad\xbe\xef" * 8, "of a kind that is not known"),
    ],
)
def test_every_other_kind_is_refused_by_its_name_with_what_to_do(tmp_path: Path, content: bytes, what: str) -> None:
    """'Unsupported file' helps nobody; each answer says why and which way leads here."""
    with pytest.raises(CheckpointError) as refusal:
        recognise(put(tmp_path / "model.pt", content))

    assert refusal.value.found == f"The file is {what}."
    assert (refusal.value.why, refusal.value.do) == REFUSED[what]


@pytest.mark.seeds(13)
@pytest.mark.filterwarnings("ignore:.*torch.jit")  # it must be made to be refused
def test_torchscript_and_onnx_are_recognised(tmp_path: Path) -> None:
    """The one ends in .pt like a checkpoint and holds a program; the other has no mark but its first field."""
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(str(tmp_path / "m.pt"))

    assert recognise(tmp_path / "m.pt") is Container.TORCHSCRIPT
    assert recognise(put(tmp_path / "m.h5", b"\x08\x07\x12\x07pytorch\x1a\x052.1.0")) is Container.ONNX


def archive(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip with these entries."""
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a.txt": b"x"}, "zip archive without PyTorch weights"),
        ({"model.weights.h5": b"x", "config.json": b"{}"}, "Keras archive"),
        ({"m/archive_format": b"pt2", "m/data.pkl": b""}, "exported PyTorch program"),
        ({"a/data.pkl": b"", "b/data.pkl": b""}, "zip archive without PyTorch weights"),
    ],
)
def test_other_archives_are_told_apart(tmp_path: Path, entries: dict[str, bytes], said: str) -> None:
    """Half of the world's formats are zip files."""
    with pytest.raises(CheckpointError, match=said):
        recognise(archive(tmp_path / "m.pt", entries))


def test_a_packed_archive_is_not_unpacked(tmp_path: Path) -> None:
    """PyTorch stores; a packed archive is a bomb, or from somewhere else."""
    path = archive(tmp_path / "m.pt", {"m/data.pkl": b"\x00" * 10**6}, zipfile.ZIP_DEFLATED)

    with pytest.raises(CheckpointError, match="packed"):
        recognise(path)


def test_a_cut_archive_is_damaged(tmp_path: Path) -> None:
    """The table of contents stands at the end."""
    torch.save({"a": torch.zeros(100)}, tmp_path / "m.pt")

    with pytest.raises(CheckpointError, match="table of contents"):
        recognise(put(tmp_path / "cut.pt", (tmp_path / "m.pt").read_bytes()[:200]))


def test_limits_are_looked_at_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes and parts are counted first; a sparse file claims 5 GiB here."""
    with (tmp_path / "m.pt").open("wb") as file:
        file.truncate(5 * 2**30)
    with pytest.raises(CheckpointError, match="5,120 MiB"):
        recognise(tmp_path / "m.pt")

    monkeypatch.setenv("READROOM_CHECKPOINT_TENSORS", "1")
    settings.cache_clear()
    many: dict[str, Any] = {f"m/data/{n}": b"x" for n in range(80)} | {"m/data.pkl": b"x"}
    with pytest.raises(CheckpointError, match="81 parts"):
        recognise(archive(tmp_path / "many.pt", many))


def test_a_missing_file_and_a_lying_length_are_refused(tmp_path: Path) -> None:
    """The nearest things to a checkpoint that are none."""
    with pytest.raises(CheckpointError, match="no readable file"):
        recognise(tmp_path / "nowhere.pt")
    lying = struct.pack("<Q", 2**40) + json.dumps({}).encode()
    with pytest.raises(CheckpointError, match=r"not known|text"):
        recognise(put(tmp_path / "m.safetensors", lying))
