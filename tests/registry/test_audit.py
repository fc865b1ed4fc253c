"""The audit: every file has a state, and what is wrong by the policy is marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.models.catalog import read_model
from core.models.ensembles import write_ensemble
from core.models.model import EnsembleRule
from core.registry.audit import FileState, Policy, audit
from core.registry.signing import KeyPair, make_keys, sign
from tests.models.conftest import shelve, tiny_config  # noqa: F401  # a fixture


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return make_keys(tmp_path / "keys")


def _states(root: Path, policy: Policy | None = None) -> dict[str, FileState]:
    return {file.name: file.state for file in audit({"shelf": root}, policy or Policy())}


def _wrong(root: Path, policy: Policy) -> set[str]:
    return {file.name for file in audit({"shelf": root}, policy) if file.wrong}


@pytest.mark.seeds(23)
def test_signed_files_are_verified_and_the_rest_is_unsigned(
    shelve: Callable[..., Path],  # noqa: F811
    keys: KeyPair,
) -> None:
    """Two models, one signed: the list says of each file where it stands."""
    root = shelve("signed_v1.0.0").parent.parent
    shelve("plain_v1.0.0", seed=1)
    sign(root / "signed_v1.0.0", keys.private)
    (root / "README.md").write_text("what is here")

    states = _states(root, Policy(keys.public))

    assert states == {
        "README.md": FileState.UNSIGNED,
        "plain_v1.0.0/model.safetensors": FileState.UNSIGNED,
        "plain_v1.0.0/model_config.json": FileState.UNSIGNED,
        "signed_v1.0.0/model.safetensors": FileState.VERIFIED,
        "signed_v1.0.0/model.sig": FileState.VERIFIED,
        "signed_v1.0.0/model_config.json": FileState.VERIFIED,
    }
    assert _wrong(root, Policy(keys.public)) == set()
    assert _wrong(root, Policy(keys.public, require_signed=True)) == {
        "plain_v1.0.0/model.safetensors",
        "plain_v1.0.0/model_config.json",
    }


@pytest.mark.seeds(23, 40)
def test_what_was_done_to_a_signed_folder_is_told_file_by_file(
    shelve: Callable[..., Path],  # noqa: F811
    keys: KeyPair,
) -> None:
    """Changed, added and removed; the file that nobody touched stays what it was."""
    folder = shelve().parent
    for name in ("a.md", "b.md"):
        (folder / name).write_text(name)
    sign(folder, keys.private)
    (folder / "a.md").write_text("changed")
    (folder / "b.md").unlink()
    (folder / "late.md").write_text("added")

    states = _states(folder.parent, Policy(keys.public))

    assert states["tiny_v1.0.0/a.md"] is FileState.TAMPERED
    assert states["tiny_v1.0.0/b.md"] is FileState.MISSING
    assert states["tiny_v1.0.0/late.md"] is FileState.UNSIGNED
    assert states["tiny_v1.0.0/model.safetensors"] is FileState.VERIFIED
    assert _wrong(folder.parent, Policy(keys.public)) == {"tiny_v1.0.0/a.md", "tiny_v1.0.0/b.md"}


@pytest.mark.seeds(8, 23)
def test_a_flipped_byte_is_tampered_without_any_key(shelve: Callable[..., Path]) -> None:  # noqa: F811
    """The checkpoint's own seal sees accidents; only a signature sees whoever can seal anew."""
    path = shelve()
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)

    assert _states(path.parent.parent)["tiny_v1.0.0/model.safetensors"] is FileState.TAMPERED


def test_a_swapped_sidecar_is_told_as_such(shelve: Callable[..., Path]) -> None:  # noqa: F811
    """The configuration of another model beside these weights."""
    path = shelve()
    tiny_config(base_filters=8).save(path.parent / "model_config.json")

    states = _states(path.parent.parent)

    assert states["tiny_v1.0.0/model_config.json"] is FileState.SWAPPED
    assert states["tiny_v1.0.0/model.safetensors"] is FileState.UNSIGNED


def test_a_replaced_checkpoint_differs_from_the_registered_one(shelve: Callable[..., Path]) -> None:  # noqa: F811
    """A whole and sealed file of other weights: only the registry knows that it is another one."""
    path = shelve()
    registered = {"tiny_v1.0.0": read_model(path).file_sha256}
    assert _wrong(path.parent.parent, Policy(registered=registered)) == set()

    shelve(seed=5)

    found = {file.name: file for file in audit({"shelf": path.parent.parent}, Policy(registered=registered))}
    one = found["tiny_v1.0.0/model.safetensors"]
    assert (one.state, one.wrong, one.model_id) == (FileState.DIFFERS, True, "tiny_v1.0.0")


@pytest.mark.seeds(23, 33)
def test_unknown_files_are_told_and_wrong_where_signatures_are_required(
    shelve: Callable[..., Path],  # noqa: F811
    keys: KeyPair,
) -> None:
    """A scaler beside a model is never opened; a link leads off the shelf."""
    folder = shelve().parent
    (folder / "scaler.pkl").write_bytes(b"\x80\x04.")
    (folder / "link.safetensors").symlink_to(folder / "model.safetensors")
    (folder / "gone.pth.sig").write_text("{}")
    (folder / "broken.safetensors").write_bytes(b"nothing")

    found = {file.name.partition("/")[2]: file for file in audit({"shelf": folder.parent}, Policy(keys.public))}

    assert found["scaler.pkl"].state is FileState.UNKNOWN
    assert "preprocessing artefact" in found["scaler.pkl"].said
    assert found["link.safetensors"].state is FileState.UNKNOWN
    assert found["gone.pth.sig"].state is FileState.UNKNOWN
    assert found["broken.safetensors"].state is FileState.UNREADABLE
    assert {name for name, file in found.items() if file.wrong} == {"broken.safetensors"}
    strict = _wrong(folder.parent, Policy(keys.public, require_signed=True))
    assert {"tiny_v1.0.0/scaler.pkl", "tiny_v1.0.0/link.safetensors"} <= strict


def test_ensembles_and_signatures_without_a_key_have_states_too(
    shelve: Callable[..., Path],  # noqa: F811
    keys: KeyPair,
) -> None:
    """Where no key is named, a signature is there and says nothing."""
    models = [read_model(shelve(f"tiny_{n}_v1.0.0", seed=n)) for n in range(2)]
    root = models[0].path.parent.parent
    write_ensemble(root / "both.ensemble.json", models, rule=EnsembleRule.MEAN)
    (root / "odd.ensemble.json").write_text("{}")
    sign(root / "both.ensemble.json", keys.private)

    states = _states(root)

    assert states["both.ensemble.json"] is FileState.NOT_CHECKED
    assert states["odd.ensemble.json"] is FileState.UNREADABLE
    assert _states(root, Policy(keys.public))["both.ensemble.json"] is FileState.VERIFIED
