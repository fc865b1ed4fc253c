"""'Why can't I load this?': what is said of each kind of file, and that `convert` makes the harmless ones loadable."""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from core.models import import_checkpoint
from core.models.converting import convert_checkpoint
from core.models.importing import diagnose_checkpoint

from .conftest import tiny_config, tiny_network


def state() -> dict[str, torch.Tensor]:
    """Weights of a small network."""
    return dict(tiny_network(tiny_config()).state_dict())


def saved(path: Path, content: Any, **how: Any) -> Path:
    """A PyTorch file with that content."""
    torch.save(content, path, **how)
    return path


@pytest.mark.seeds(31)
def test_a_file_that_loads_says_so_with_every_field_and_its_origin(tmp_path: Path) -> None:
    """The same words as an import, before anything is kept."""
    found = diagnose_checkpoint(saved(tmp_path / "m.pth", {"state_dict": state(), "config": {"base_filters": 4}}))

    assert (found.loads, found.refusal, found.kind) == (True, None, "a PyTorch zip file")
    assert found.nearest is not None
    assert found.nearest.exact
    assert found.tensors == len(state())
    origins = {field.name: field.origin for field in found.fields}
    assert (origins["base_filters"], origins["depth"]) == ("embedded", "inferred from tensors")
    assert origins["input.size"] == "assumed: slice-256"
    assert {block.name for block in found.blocks} >= {"encoder.0", "segmentation_head"}


@pytest.mark.seeds(31)
def test_the_nearest_architecture_is_told_with_the_tensors_that_differ(tmp_path: Path) -> None:
    """'size mismatch' without names sends a reader to the source code."""
    weights = state()
    weights["extra.weight"] = torch.zeros(3)
    weights["classification_head.weight"] = torch.zeros(2, 99)
    del weights["classification_head.bias"]

    found = diagnose_checkpoint(saved(tmp_path / "m.pth", weights))

    near = found.nearest
    assert near is not None
    assert (near.architecture, near.missing, near.unexpected, near.reshaped) == ("multitask", 1, 1, 1)
    assert "missing: classification_head.bias" in near.examples
    assert any(line.startswith("other shape: classification_head.weight is 2×99") for line in near.examples)
    assert found.refusal is not None
    assert "nearest is multitask" in found.refusal[0]


def test_weights_that_only_the_whole_import_refuses_do_not_load_here_either(tmp_path: Path) -> None:
    """A diagnosis that says 'it loads' of a file that does not is worse than none."""
    weights = state()
    next(iter(weights.values())).view(-1)[0] = float("nan")

    found = diagnose_checkpoint(saved(tmp_path / "m.pth", weights))

    assert found.nearest is not None
    assert found.nearest.exact
    assert found.refusal is not None
    assert "NaN or infinite" in found.refusal[0]


def test_weights_under_another_key_are_found(tmp_path: Path) -> None:
    """A trainer who saved under 'net' has done nothing wrong."""
    found = diagnose_checkpoint(saved(tmp_path / "m.pth", {"net": state()}))

    assert not found.loads
    assert found.remedies[0].startswith("Save the table under net alone")
    assert found.nearest is not None
    assert found.nearest.exact


@pytest.mark.seeds(32, 33)
def test_pickles_and_joblib_files_tell_what_they_ask_for(tmp_path: Path) -> None:
    """The names are the most useful thing that can be said of a file that is never opened."""
    (tmp_path / "scaler.pkl").write_bytes(pickle.dumps({"a": pathlib.Path("x")}))
    joblib.dump({"a": pathlib.Path("x"), "b": np.zeros(3)}, tmp_path / "m.joblib")

    for name in ("scaler.pkl", "m.joblib"):
        found = diagnose_checkpoint(tmp_path / name)
        assert not found.loads
        assert any(one.name.startswith("pathlib") for one in found.wanted)
        assert "skops" in found.remedies[0]


def test_hostile_globals_are_named_and_nothing_offers_to_convert_them(tmp_path: Path) -> None:
    """A converter that swallowed this would be a way in."""

    class Wish:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'trap'}",)

    path = saved(tmp_path / "m.pth", {"model": state(), "args": argparse.Namespace(lr=1), "x": Wish()})
    found = diagnose_checkpoint(path)

    assert [one.name for one in found.wanted if not one.convertible] == ["posix.system"]
    assert not any("convert" in remedy for remedy in found.remedies)
    assert found.tensors == len(state())
    with pytest.raises(CheckpointError, match=r"asks for posix\.system\."):
        convert_checkpoint(path, tmp_path / "out.pth")
    assert not (tmp_path / "out.pth").exists()
    assert not (tmp_path / "trap").exists()


def trainers_checkpoint() -> dict[str, Any]:
    """What a training script leaves: its arguments, paths, figures and the optimiser."""
    network = tiny_network(tiny_config())
    optimizer = torch.optim.Adam(network.parameters())
    torch.stack([p.sum() for p in network.parameters()]).sum().backward()
    optimizer.step()
    return {
        "model": network.state_dict(), "optimizer": optimizer.state_dict(), "best": np.float32(3.5),
        "args": argparse.Namespace(lr=1e-3, out=pathlib.PurePosixPath("/a/b"), seen={1}), "history": np.arange(3.0),
        "seen": collections.defaultdict(list, a=[1]), "order": collections.OrderedDict(b=2),
    }  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_trainers_checkpoint_is_converted_and_then_loads(tmp_path: Path, zipped: bool) -> None:
    """The most common file that weights-only loaders refuse, without a line of code on the user's side."""
    content = trainers_checkpoint()
    path = saved(tmp_path / "m.pth", content, _use_new_zipfile_serialization=zipped)
    found = diagnose_checkpoint(path)
    assert not found.loads
    assert "python -m core convert" in found.remedies[0]

    done = convert_checkpoint(path, tmp_path / "plain.pth")

    plain = torch.load(tmp_path / "plain.pth", weights_only=True)
    assert plain["args"] == {"lr": 1e-3, "out": "/a/b", "seen": [1]}
    assert (plain["best"], plain["history"], plain["seen"], plain["order"]) == (3.5, [0, 1, 2], {"a": [1]}, {"b": 2})
    assert all(torch.equal(plain["model"][name], tensor) for name, tensor in content["model"].items())
    kept = plain["optimizer"]["state"][0]["exp_avg"]
    assert torch.equal(kept, content["optimizer"]["state"][0]["exp_avg"])
    assert "a namespace as a table" in done.replaced
    assert done.dropped == ()
    assert import_checkpoint(tmp_path / "plain.pth").architecture == "multitask"


class Mine(torch.nn.Module):
    """A network of somebody's own file, around one of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.module = tiny_network(tiny_config())


def test_a_whole_pickled_network_gives_its_weights_and_its_class_is_dropped(tmp_path: Path) -> None:
    """torch.save(model) needs the author's source code; the weights in it do not."""
    network = Mine()

    done = convert_checkpoint(saved(tmp_path / "m.pt", network), tmp_path / "plain.pth")

    plain = torch.load(tmp_path / "plain.pth", weights_only=True)
    assert plain.keys() == network.state_dict().keys()
    assert all(torch.equal(plain[name], tensor) for name, tensor in network.state_dict().items())
    assert done.dropped == ("tests.models.test_diagnosis.Mine (1)",)
    assert import_checkpoint(tmp_path / "plain.pth").architecture == "multitask"


def test_what_needs_no_converter_is_sent_to_the_import(tmp_path: Path) -> None:
    """A converter must not become a second import."""
    from safetensors.torch import save_file

    save_file(state(), tmp_path / "m.safetensors")

    with pytest.raises(CheckpointError, match="Import it as it is"):
        convert_checkpoint(tmp_path / "m.safetensors", tmp_path / "out.pth")


def test_a_place_without_a_file_is_refused(tmp_path: Path) -> None:
    """A mistyped path is the most common reason of all."""
    with pytest.raises(CheckpointError, match="nothing at that place"):
        diagnose_checkpoint(tmp_path / "absent.pth")
