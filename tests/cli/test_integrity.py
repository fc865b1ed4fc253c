"""`keygen`, `sign`, `verify`, `audit` at the terminal: exit codes, and what they name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.models import ModelConfig, build_network, save_model_with_config
from core.settings import settings

from .conftest import FILMS, Answer


@pytest.fixture
def own_shelf(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny shelf that a test may change."""
    shutil.copytree(shelf, tmp_path / "shelf")
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    return tmp_path / "shelf"


@pytest.fixture
def keys(run: Callable[..., Answer], tmp_path: Path) -> Path:
    """The folder of a new key."""
    assert run("keygen", tmp_path / "keys").code == 0
    return tmp_path / "keys"


@pytest.mark.seeds(23)
def test_a_model_is_signed_verified_and_caught_when_changed(
    run: Callable[..., Answer], own_shelf: Path, keys: Path
) -> None:
    """Exit code 1 is what a script looks at; the names are for the person."""
    folder, public = own_shelf / FILMS, keys / "public-key.pem"
    assert run("verify", folder, "--public-key", public).code == 1
    assert run("sign", folder, "--key", keys / "private-key.pem").out == f"signed: {folder / 'model.sig'}\n"
    held = run("verify", folder, "--public-key", public)
    assert (held.code, held.out) == (0, "signed and verified\n")

    (folder / "model_config.json").unlink()
    (folder / "more").touch()

    broken = run("verify", folder, "--public-key", public)
    assert (broken.code, broken.out) == (1, "tampered (missing: model_config.json; extra: more)\n")
    (said,) = run("verify", folder, "--public-key", public, "--json").json_lines
    assert said == {"state": "tampered", "said": "", "extra": ["more"], "missing": ["model_config.json"], "changed": []}


def test_a_key_is_needed_to_verify(run: Callable[..., Answer], own_shelf: Path) -> None:
    """Without one the answer would mean nothing."""
    done = run("verify", own_shelf / FILMS)

    assert done.code == 1
    assert "No public key is named." in done.err
    assert run("verify", own_shelf / "nowhere").code == 1


def test_a_passphrase_is_asked_for_and_never_an_argument(tmp_path: Path, run: Callable[..., Answer]) -> None:
    """Arguments are seen by every user of the machine."""
    made = CliRunner().invoke(app, ["keygen", str(tmp_path), "--passphrase"], input="secret words\nsecret words\n")
    assert made.exit_code == 0
    (tmp_path / "file").write_text("x")

    sign = ["sign", str(tmp_path / "file"), "--key", str(tmp_path / "private-key.pem")]
    wrong = CliRunner().invoke(app, sign, input="other words\n")
    right = CliRunner().invoke(app, sign, input="secret words\n")

    assert (wrong.exit_code, right.exit_code) == (1, 0)
    assert "secret words" not in made.output + right.output
    assert run("verify", tmp_path / "file", "--public-key", tmp_path / "public-key.pem").code == 0


@pytest.mark.seeds(23)
def test_audit_lists_every_file_and_fails_where_one_is_wrong(
    run: Callable[..., Answer], own_shelf: Path, keys: Path, tmp_path: Path
) -> None:
    """As a nightly job would run it."""
    listed = tmp_path / "list.json"
    sound = run("audit", "--write", listed)
    assert sound.code == 0
    assert f"[ok] unsigned: shelf/{FILMS}/{FILMS}.safetensors" in sound.out
    assert "4 files: 4 unsigned; 0 wrong." in sound.err
    assert run("audit", "--against", listed).code == 0

    shutil.copy(own_shelf / "tiny_volumes_v0.1.0" / "model_config.json", own_shelf / FILMS)

    wrong = run("audit", "--json", "--public-key", keys / "public-key.pem")
    assert wrong.code == 1
    assert [one["state"] for one in wrong.json_lines if one["wrong"]] == ["swapped sidecar"]
    against = run("audit", "--against", listed)
    assert f"Against the list: changed: shelf/{FILMS}/model_config.json." in against.err


@pytest.mark.seeds(22, 23)
def test_audit_holds_files_against_the_registry(run: Callable[..., Answer], own_shelf: Path) -> None:
    """Another whole checkpoint under a registered id: its own seal holds, the registry's hash does not."""
    assert run("registry", "register", FILMS, "--reason", "measured").code == 0
    assert run("audit").code == 0
    path = own_shelf / FILMS / f"{FILMS}.safetensors"
    config = ModelConfig.load(path.parent / "model_config.json")

    save_model_with_config(build_network(config).eval(), path, config)

    wrong = [one for one in run("audit", "--json").json_lines if one["wrong"]]
    assert [(one["state"], one["model_id"]) for one in wrong] == [("hash differs from the registered one", FILMS)]
