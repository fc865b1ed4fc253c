"""Tensors out of PyTorch's files without its loader; of TorchScript archives this is the only way in."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
import torch

from core.errors import CheckpointError
from core.models import import_checkpoint
from core.models._foreign import open_foreign
from core.models.importing import diagnose_checkpoint
from core.models.pickled_tensors import TensorRef, fill, module_tensors, read_pickled
from core.models.sniffing import Container

from .conftest import tiny_config, tiny_network

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit")  # somebody made such files, and still does


def traced(folder: Path, network: torch.nn.Module, example: torch.Tensor) -> Path:
    """A TorchScript archive of somebody else's."""
    torch.jit.trace(network, example, strict=False, check_trace=False).save(str(folder / "m.pt"))
    return folder / "m.pt"


def rewritten(path: Path, member: str, content: bytes) -> Path:
    """The archive with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        parts = {info.filename: old.read(info) for info in old.infolist()}
        root = next(iter(parts)).partition("/")[0]
        for name, held in (parts | {f"{root}/{member}": content}).items():
            new.writestr(name, held)
    path.write_bytes(out.getvalue())
    return path


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_every_kind_of_tensor_is_filled_as_torch_fills_it(tmp_path: Path, zipped: bool) -> None:
    """Types, strides, offsets, shared storages, empty and single ones; torch's own loader is the oracle."""
    base = torch.arange(24.0).reshape(4, 6)
    content = {
        "whole": base, "turned": base.t(), "part": base[1:3, ::2], "one": torch.tensor(7), "none": torch.zeros(0, 3),
        "half": base.half(), "brain": base.bfloat16(), "double": base.double(), "yes": base > 3,
        "byte": torch.arange(3, dtype=torch.uint8), "long": torch.arange(3),
    }  # fmt: skip
    torch.save(content, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)

    pickled = read_pickled(tmp_path / "m.pt", Container.TORCH_ZIP if zipped else Container.TORCH_LEGACY)
    filled = fill(pickled, pickled.value)

    assert all(isinstance(ref, TensorRef) for ref in pickled.value.values())
    for name, tensor in torch.load(tmp_path / "m.pt", weights_only=True).items():
        assert filled[name].dtype == tensor.dtype
        assert torch.equal(filled[name], tensor), name


@pytest.mark.seeds(13)
def test_a_torchscript_archive_gives_its_weights_without_running_its_program(tmp_path: Path) -> None:
    """Names as in the network that was traced; our own network answers."""
    network = tiny_network(tiny_config())
    path = traced(tmp_path, network, torch.zeros(1, 1, 32, 32))

    with zipfile.ZipFile(path) as archive:
        code = next(n for n in archive.namelist() if n.endswith(".py"))
    spoilt = rewritten(path, code.partition("/")[2], b"this is no program at all")
    model = import_checkpoint(spoilt)

    assert model.architecture == "multitask"
    assert all(one.harmless for one in diagnose_checkpoint(spoilt).wanted)
    assert open_foreign(spoilt).state.keys() == network.state_dict().keys()


def test_a_frozen_archive_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Freezing folds the weights into the program, which is never run."""
    network = torch.jit.freeze(torch.jit.trace(torch.nn.Linear(2, 2).eval(), torch.zeros(1, 2)))
    network.save(str(tmp_path / "m.pt"))

    with pytest.raises(CheckpointError, match="holds no named weights"):
        open_foreign(tmp_path / "m.pt")


def test_an_archive_that_asks_for_more_than_its_program_is_refused_by_name(tmp_path: Path) -> None:
    """The table of a TorchScript archive is a pickle like any other."""
    path = traced(tmp_path, torch.nn.Linear(2, 2), torch.zeros(1, 2))

    rewritten(path, "data.pkl", b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.")

    with pytest.raises(CheckpointError, match=r"asks for posix\.system"):
        open_foreign(path)


def test_a_record_that_is_not_ours_is_no_record(tmp_path: Path) -> None:
    """Any archive may carry an extra file of that name."""
    network = tiny_network(tiny_config())
    path = traced(tmp_path, network, torch.zeros(1, 1, 32, 32))

    assert open_foreign(rewritten(path, "extra/readroom.json", json.dumps(["x"]).encode())).rest == {}
    with pytest.raises(CheckpointError, match="cannot be read to its end"):
        open_foreign(rewritten(path, "extra/readroom.json", b"{"))


def test_modules_that_hold_one_another_many_times_are_damage(tmp_path: Path) -> None:
    """Thirty small parts could stand for a million million tensors."""
    code = b"\x80\x02cm\nA\n)\x81q\x00"
    for step in range(1, 31):
        names = b"".join(b"X\x01\x00\x00\x00" + bytes([97 + n]) + b"h" + bytes([step - 1]) for n in range(8))
        code += b"cm\nA\n)\x81q" + bytes([step]) + b"}(" + names + b"ub"
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("m/data.pkl", code + b".")

    with pytest.raises(ValueError, match="more parts than any network has"):
        module_tensors(read_pickled(tmp_path / "m.pt", Container.TORCH_ZIP).value)


def test_a_stride_that_leads_outside_is_damage(tmp_path: Path) -> None:
    """as_strided would read whatever lies behind."""
    torch.save({"w": torch.zeros(2, 2)}, tmp_path / "m.pt")
    pickled = read_pickled(tmp_path / "m.pt", Container.TORCH_ZIP)
    ref = pickled.value["w"]

    for bad in (TensorRef("float32", ref.key, 3, (2,), (1,)), TensorRef("float32", ref.key, 0, (9,), (0,))):
        with pytest.raises(ValueError, match="claims more numbers"):
            fill(pickled, {"w": bad})
