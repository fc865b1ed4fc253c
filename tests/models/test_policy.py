"""The policy: which signatures this installation demands, and what a refused model can still do (be listed)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.errors import CheckpointError
from core.models import policy
from core.models.catalog import get_model, list_models, read_model
from core.models.ensembles import write_ensemble
from core.models.importing import import_checkpoint, open_checkpoint
from core.models.loading import load_network
from core.models.model import EnsembleRule, Model
from core.models.policy import under_policy
from core.models.signatures import SignatureState
from core.registry.signing import KeyPair, make_keys, sign
from core.settings import settings

from .conftest import tiny_config, tiny_network


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return make_keys(tmp_path / "keys")


@pytest.fixture
def demand(monkeypatch: pytest.MonkeyPatch, keys: KeyPair) -> Callable[..., None]:
    """`demand(require=True)`: this installation's key, and whether it runs signed models only."""

    def set_up(*, require: bool) -> None:
        monkeypatch.setenv("READROOM_PUBLIC_KEY", str(keys.public))
        monkeypatch.setenv("READROOM_REQUIRE_SIGNED", str(require))
        settings.cache_clear()

    return set_up


def _only(path: Path) -> Model:
    (model,) = list_models([path.parent.parent])
    return model


def test_without_a_key_nothing_is_checked(shelve: Callable[..., Path], keys: KeyPair) -> None:
    """The default installation must not pay for what it does not use."""
    path = shelve()
    sign(path.parent, keys.private)

    model = _only(path)

    assert model.signature is SignatureState.NOT_CHECKED
    assert model.problem is None


@pytest.mark.seeds(23, 40)
@pytest.mark.parametrize("require", [False, True])
def test_a_signed_model_is_verified_and_runs(
    shelve: Callable[..., Path], keys: KeyPair, demand: Callable[..., None], require: bool
) -> None:
    """Whether or not signatures are required."""
    path = shelve()
    sign(path.parent, keys.private)
    demand(require=require)

    model = _only(path)

    assert (model.signature, model.problem) == (SignatureState.VERIFIED, None)
    load_network(model)


@pytest.mark.seeds(23, 40)
def test_an_unsigned_model_is_listed_with_its_state_and_refused_where_signatures_are_required(
    shelve: Callable[..., Path], demand: Callable[..., None]
) -> None:
    """Listed, since a model that vanished could not be signed; refused at every door that runs one."""
    path = shelve()
    demand(require=True)

    model = _only(path)

    assert model.signature is SignatureState.UNSIGNED
    with pytest.raises(CheckpointError, match="unsigned, and this installation runs signed models only"):
        load_network(model)
    assert open_checkpoint(path).problem == model.problem


def test_an_import_is_kept_and_runs_once_it_is_signed(
    tmp_path: Path, keys: KeyPair, demand: Callable[..., None]
) -> None:
    """Else nothing could ever be brought to such an installation."""
    config = tiny_config()
    content = {"model_state_dict": tiny_network(config).state_dict(), "config": config.model_dump(mode="json")}
    torch.save(content, tmp_path / "brought.pth")
    demand(require=True)

    model = import_checkpoint(tmp_path / "brought.pth")
    assert "It is unsigned" in str(model.problem)
    sign(model.path.parent, keys.private)

    assert get_model(model.id).problem is None


def test_an_unsigned_model_runs_where_none_is_required(
    shelve: Callable[..., Path], demand: Callable[..., None]
) -> None:
    """A key alone says what is to be believed, not that all else is to be refused."""
    path = shelve()
    demand(require=False)

    model = _only(path)

    assert (model.signature, model.problem) == (SignatureState.UNSIGNED, None)


def test_a_signature_of_another_key_is_noted_and_refused_where_required(
    shelve: Callable[..., Path], demand: Callable[..., None], tmp_path: Path
) -> None:
    """It may be a good model; nobody here vouches for it."""
    path = shelve()
    sign(path.parent, make_keys(tmp_path / "theirs").private)
    demand(require=False)
    assert "It is signed with another key." in _only(path).notes

    demand(require=True)

    assert "signed with another key" in str(_only(path).problem)


@pytest.mark.seeds(40)
@pytest.mark.parametrize("require", [False, True])
def test_a_changed_companion_is_refused_wherever_there_is_a_key(
    shelve: Callable[..., Path], keys: KeyPair, demand: Callable[..., None], require: bool
) -> None:
    """The checkpoint's own seal does not see it; the signature of the folder does."""
    path = shelve()
    (path.parent / "tiny.history.csv").write_text("epoch,loss\n1,0.5\n")
    sign(path.parent, keys.private)
    demand(require=require)

    (path.parent / "tiny.history.csv").write_text("epoch,loss\n1,0.1\n")

    assert "signature does not hold: tampered (changed: tiny.history.csv)" in str(_only(path).problem)


def test_an_ensemble_of_refused_members_is_refused(shelve: Callable[..., Path], demand: Callable[..., None]) -> None:
    """A signed description must not carry unsigned weights past the door."""
    members = [read_model(shelve(f"tiny_{n}_v1.0.0", seed=n)) for n in range(2)]
    root = members[0].path.parent.parent
    write_ensemble(root / "both_v1.0.0.ensemble.json", members, rule=EnsembleRule.MEAN)
    demand(require=True)

    found = {model.id: model for model in list_models([root])}

    assert "The member tiny_0_v1.0.0 cannot be used" in str(found["both_v1.0.0"].problem)


def test_a_key_that_cannot_be_read_refuses_and_says_so(
    shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistyped path must not switch the check off."""
    model = read_model(shelve())
    monkeypatch.setenv("READROOM_PUBLIC_KEY", str(tmp_path / "nowhere.pem"))
    settings.cache_clear()

    assert "Signatures cannot be checked." in str(under_policy(model).problem)


def test_a_verdict_is_remembered_until_a_file_changes(
    shelve: Callable[..., Path], keys: KeyPair, demand: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each release of a cut-off asks for the shelf. A time that was set back hides nothing: that of change stays."""
    path = shelve()
    sign(path.parent, keys.private)
    demand(require=True)
    checks: list[Path] = []
    check = policy.check_signature
    monkeypatch.setattr(policy, "check_signature", lambda p, key: checks.append(p) or check(p, key))
    first, second = _only(path), _only(path)
    assert first.problem is second.problem is None
    assert len(checks) == 1

    beside = path.parent / "model_config.json"
    held = beside.stat()
    with beside.open("r+b") as file:
        file.write(b" ")
    os.utime(beside, ns=(held.st_atime_ns, held.st_mtime_ns))

    assert _only(path).signature is SignatureState.TAMPERED
    assert len(checks) == 2


def test_a_models_own_problem_is_told_before_that_of_its_signature(
    shelve: Callable[..., Path], demand: Callable[..., None]
) -> None:
    """What is wrong with the weights is the better answer."""
    model = replace(read_model(shelve()), problem="Checksum differs.")
    demand(require=True)

    assert under_policy(model).problem == "Checksum differs."


def test_a_demand_without_a_key_is_wrong_usage(tmp_path: Path) -> None:
    """Whoever demands signatures must say whose."""
    environment = {**os.environ, "READROOM_REQUIRE_SIGNED": "1", "READROOM_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-m", "core", "versions"], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "READROOM_REQUIRE_SIGNED" in done.stderr
    assert "needs READROOM_PUBLIC_KEY" in done.stderr
