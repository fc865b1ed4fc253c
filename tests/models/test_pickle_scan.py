"""Reading a pickle's wishes off its instructions, without running one of them."""

from __future__ import annotations

import collections
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.models.pickle_scan import globals_of, is_harmless, unwanted_globals
from core.models.sniffing import Container


class Wish:
    """An object that asks for a call when it is unpickled."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.parts = (call, arguments)

    def __reduce__(self) -> Any:
        return self.parts


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_names_what_it_would_import(protocol: int) -> None:
    """Five spellings of the same import, from the protocols of thirty years."""
    wanted = globals_of(io.BytesIO(pickle.dumps([Wish(os.system, "true"), collections.OrderedDict()], protocol)))

    assert "posix.system" in wanted
    assert any(name.endswith("OrderedDict") for name in wanted)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (b"cos\nsystem\n.", {"os.system"}),
        (b"(ibuiltins\nexec\n.", {"builtins.exec"}),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", {"os.system"}),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93.", {"os.system"}),
        (b"\x80\x04\x8c\x02os20\x8c\x06system\x93.", {"os.system"}),
        (b"\x80\x04(\x8c\x01x1\x8c\x02os\x8c\x06system\x93.", {"os.system"}),
        (b"\x80\x04K\x01\x8c\x06system\x93.", {"an unreadable name"}),
        (b"\x80\x02\x82\x07.", {"extension 7"}),
    ],
    ids=["import", "instance", "stack", "memo", "duplicated and dropped", "mark", "number", "extension"],
)
def test_hidden_spellings_are_seen(code: bytes, wanted: set[str]) -> None:
    """Hand-made instructions that a writer of pickles never makes."""
    assert globals_of(io.BytesIO(code)) == wanted


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_optimiser_and_numpy_numbers_want_nothing_unusual(tmp_path: Path, zipped: bool) -> None:
    """The nearest acceptance: what trainers really save."""
    network = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    content = {
        "model": network.state_dict(), "half": torch.zeros(2, dtype=torch.bfloat16), "best": np.float64(0.98),
        "optimizer": optimizer.state_dict(), "p": torch.nn.Parameter(torch.zeros(1)), "config": {"model": "x"},
    }  # fmt: skip
    torch.save(content, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)

    assert unwanted_globals(tmp_path / "m.pt", Container.TORCH_ZIP if zipped else Container.TORCH_LEGACY) == ()


def test_whole_models_and_paths_are_named(tmp_path: Path) -> None:
    """`torch.save(model)` and a Path among the settings are the two honest mistakes."""
    torch.save({"model": torch.nn.Linear(1, 1), "where": Path("x")}, tmp_path / "m.pt")

    wanted = unwanted_globals(tmp_path / "m.pt", Container.TORCH_ZIP)

    assert "torch.nn.modules.linear.Linear" in wanted
    assert any(name.startswith("pathlib") for name in wanted)


def test_names_near_the_harmless_ones_are_not() -> None:
    """A prefix is no permission."""
    assert is_harmless("torch.FloatStorage")
    assert not is_harmless("torch.FloatStorage.__class__")
    assert not is_harmless("torch.storage._load_from_bytes")
    assert not is_harmless("torch.hub.load")
    assert not is_harmless("numpy.core.multiarray._reconstruct")


def test_damaged_instructions_are_damaged() -> None:
    """They end in one error, whatever is wrong."""
    for code in (b"\x80\x04\x8c\xff", b"\x80\x04h\x05h\x06\x93."):
        with pytest.raises(ValueError, match=r"expected|exhausted|unknown|fit together"):
            globals_of(io.BytesIO(code))
