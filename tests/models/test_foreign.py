"""Opening foreign checkpoints on the worker's side: weights only, bounded, and said in words.

The functions run in the test's own process here, on files that the test made; hostile ones are refused before
anything is loaded, and `test_importing` sends them through the real worker.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.errors import CheckpointError
from core.models._foreign import find_state, open_foreign, stripped, to_arrays, to_json
from core.models.sniffing import TORCH_LEGACY_START
from core.settings import settings

STATE = {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2)}


def saved(folder: Path, content: Any, **how: Any) -> Path:
    """A PyTorch file with that content."""
    torch.save(content, folder / "m.pt", **how)
    return folder / "m.pt"


@pytest.mark.seeds(1)
@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict", None])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_weights_are_found_under_each_of_the_names(tmp_path: Path, key: str | None, zipped: bool) -> None:
    """Four habits and two file forms, one answer."""
    beside = {"epoch": 3, "optimizer": {"state": {}}, "best": np.float64(0.5)}
    content = dict(STATE) if key is None else {key: OrderedDict(STATE), **beside}

    foreign = open_foreign(saved(tmp_path, content, _use_new_zipfile_serialization=zipped))

    assert set(foreign.state) == set(STATE)
    assert foreign.rest == ({} if key is None else {"epoch": 3, "best": 0.5})
    assert foreign.notes == (() if key is None else ("Left out, because predicting does not need it: optimizer.",))


def test_two_sets_of_weights_or_none_are_refused() -> None:
    """Choosing one in silence would be a coin toss; the keys that are there are named."""
    with pytest.raises(CheckpointError, match="weights under state_dict and model"):
        find_state({"model": STATE, "state_dict": STATE})
    with pytest.raises(CheckpointError, match="no weights; it holds: epoch, net"):
        find_state({"epoch": 1, "net": STATE})
    with pytest.raises(CheckpointError, match="it holds: nothing"):
        find_state({})


def test_shared_prefixes_are_found_one_after_the_other() -> None:
    """DataParallel around torch.compile around a wrapper; a name that only some share is part of the network."""
    assert stripped(["module._orig_mod.fc.w", "module._orig_mod.b"]) == ["", "module.", "module._orig_mod."]
    assert stripped(["model.fc.w", "other.b"]) == [""]
    assert stripped(["module." * 50 + "w"]) == ["", *["module." * n for n in range(1, 5)]]
    assert stripped(["module."]) == [""]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32_and_say_so(dtype: torch.dtype) -> None:
    """Half and bfloat16 are exact in float32."""
    arrays, notes = to_arrays({"w": torch.tensor([1.5, -2.0], dtype=dtype), "n": torch.tensor(3)})

    assert arrays["w"].dtype == np.float32
    assert arrays["w"].tolist() == [1.5, -2.0]
    assert (arrays["n"].dtype, arrays["n"].shape) == (np.int64, ())
    assert notes == (f"Weights of {str(dtype).removeprefix('torch.')} are kept as float32.",)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e300])
def test_a_weight_that_is_not_finite_in_float32_is_refused(bad: float) -> None:
    """1e300 is finite in float64 and infinite where it will be used."""
    with pytest.raises(CheckpointError, match=r"NaN or infinite in w\."):
        to_arrays({"w": torch.tensor([bad], dtype=torch.float64)})


def hostile(folder: Path, call: Any, *arguments: Any) -> Path:
    """A file that looks like S1's and asks for a call."""

    class Wish:
        def __reduce__(self) -> Any:
            return call, arguments

    return saved(folder, {"model": STATE, "config": {"model": "resnet18"}, "classes": Wish()})


@pytest.mark.seeds(1)
def test_a_file_that_asks_for_code_is_refused_with_the_names_and_without_running_it(tmp_path: Path) -> None:
    """The name of the call is what a reader needs to know about the file."""
    trap = tmp_path / "trap"

    with pytest.raises(CheckpointError, match=r"asks for posix\.system\."):
        open_foreign(hostile(tmp_path, os.system, f"touch {trap}"))
    with pytest.raises(CheckpointError, match=r"asks for __builtin__\.exec\."):
        open_foreign(hostile(tmp_path, exec, f"open({str(trap)!r}, 'w')"))

    assert not trap.exists()


def test_many_wishes_are_counted() -> None:
    """A whole pickled model wants dozens of classes; six of them tell enough."""
    folder = Path(os.environ["READROOM_HOME"])

    kinds = (torch.nn.ReLU, torch.nn.GELU, torch.nn.Flatten, torch.nn.Tanh, torch.nn.SiLU, torch.nn.ELU, torch.nn.CELU)

    with pytest.raises(CheckpointError, match=r"and [0-9]+ more"):
        open_foreign(saved(folder, {"model": torch.nn.Sequential(*(kind() for kind in kinds))}))


def test_a_tensor_that_claims_more_than_is_stored_is_refused(tmp_path: Path) -> None:
    """A stride of zero makes a terabyte out of four bytes."""
    path = saved(tmp_path, {"w": torch.zeros(1).expand(2**38)})

    with pytest.raises(CheckpointError, match="claims 274,877,906,944 numbers"):
        open_foreign(path)


def test_many_views_of_one_storage_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fits, together they would fill the memory."""
    monkeypatch.setenv("READROOM_CHECKPOINT_MIB", "1")
    settings.cache_clear()
    shared = torch.zeros(100_000)

    with pytest.raises(CheckpointError, match="4 MiB of weights"):
        open_foreign(saved(tmp_path, {f"w{n}": shared for n in range(10)}))


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(2, dtype=torch.complex64), torch.eye(2).to_sparse(), torch.zeros(1, device="meta")],
    ids=["complex", "sparse", "meta"],
)
def test_tensors_of_unusual_kinds_are_refused(tmp_path: Path, tensor: torch.Tensor) -> None:
    """Only plain numbers fill a network."""
    with pytest.raises(CheckpointError):
        open_foreign(saved(tmp_path, {"w": tensor}))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_cut_file_is_damaged_wherever_it_is_cut(tmp_path: Path, share: float, zipped: bool) -> None:
    """Interrupted downloads end anywhere."""
    path = saved(tmp_path, {"model": STATE, "x": torch.zeros(500)}, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(CheckpointError):
        open_foreign(path)


def test_a_table_whose_checksum_is_wrong_is_damaged(tmp_path: Path) -> None:
    """Found by `make fuzz`: the instructions of a PyTorch archive are read before the loader looks at them."""
    path = saved(tmp_path, {"model": STATE})
    content = bytearray(path.read_bytes())
    content[content.index(b"model")] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match="cannot be read to its end"):
        open_foreign(path)


def test_a_length_that_lies_is_damage_and_no_lack_of_memory(tmp_path: Path) -> None:
    """Found by `make fuzz`: a few bytes that claim an exabyte behind them."""
    path = tmp_path / "m.pt"
    path.write_bytes(TORCH_LEGACY_START + b"\x80\x04\x8e" + (2**62).to_bytes(8, "little"))

    with pytest.raises(CheckpointError, match="cannot be read to its end"):
        open_foreign(path)


def test_content_that_is_no_table_is_refused(tmp_path: Path) -> None:
    """A list of tensors has no names to go by."""
    with pytest.raises(CheckpointError, match="holds a list"):
        open_foreign(saved(tmp_path, [torch.zeros(1)]))


def test_foreign_safetensors_are_opened_too(tmp_path: Path) -> None:
    """bfloat16 included, which NumPy does not know."""
    save_file({"w": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "m.safetensors", {"config": '{"depth": 2}'})

    foreign = open_foreign(tmp_path / "m.safetensors")

    assert foreign.rest == {"config": '{"depth": 2}'}
    assert to_arrays(foreign.state)[0]["w"].tolist() == [1, 1]


def test_what_stands_beside_the_weights_becomes_json() -> None:
    """Numbers, text, lists and tables stay; anything else is told by its kind, and depth has an end."""
    deep: Any = 1
    for _ in range(50):
        deep = [deep]

    assert to_json({1: (np.float32(0.5), torch.tensor(2)), "n": float("nan"), "t": torch.zeros(3)}) == {
        "1": [0.5, 2], "n": None, "t": "(Tensor)",
    }  # fmt: skip
    assert "(list)" in str(to_json(deep))


def test_the_loader_is_never_asked_for_more_than_weights() -> None:
    """One place in the whole of core calls torch's loader, and it says weights_only=True; nothing else unpickles."""
    core = Path(__file__).resolve().parents[2] / "core"
    lines = [line.strip() for path in sorted(core.rglob("*.py")) for line in path.read_text().splitlines()]

    calls = [line for line in lines if "torch.load(" in line]
    assert len(calls) == 1
    assert "weights_only=True" in calls[0]
    assert not [line for line in lines if "pickle.load" in line or "Unpickler(" in line]
