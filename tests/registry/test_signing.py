"""Making keys and signatures: nothing is overwritten, nothing damaged is vouched for, nothing is left half."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import CheckpointError, SignatureError
from core.models.signatures import SignatureState, check_signature
from core.registry.signing import PRIVATE_KEY, is_encrypted, make_keys, sign
from tests.models.conftest import shelve  # noqa: F401  # a fixture


def test_the_private_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whoever reads it can sign in the lab's name."""
    pair = make_keys(tmp_path / "keys")

    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Signatures of the old key could never be renewed."""
    pair = make_keys(tmp_path)
    before = pair.private.read_bytes(), pair.public.read_bytes()

    with pytest.raises(SignatureError, match="lies in that folder already"):
        make_keys(tmp_path)
    pair.private.unlink()
    with pytest.raises(SignatureError, match="lies in that folder already"):
        make_keys(tmp_path)

    assert pair.public.read_bytes() == before[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["public-key.pem"]


def test_an_encrypted_key_asks_for_its_passphrase(tmp_path: Path) -> None:
    """A stolen file alone must not be enough, where somebody asked for that."""
    pair = make_keys(tmp_path / "keys", b"a long sentence")
    (tmp_path / "file").write_text("content")
    assert is_encrypted(pair.private)

    with pytest.raises(SignatureError, match="passphrase is wrong"):
        sign(tmp_path / "file", pair.private)
    with pytest.raises(SignatureError, match="passphrase is wrong"):
        sign(tmp_path / "file", pair.private, b"another one")
    sign(tmp_path / "file", pair.private, b"a long sentence")

    assert check_signature(tmp_path / "file", pair.public).state is SignatureState.VERIFIED


@pytest.mark.seeds(23)
def test_a_damaged_checkpoint_is_not_vouched_for(tmp_path: Path, shelve: Callable[..., Path]) -> None:  # noqa: F811
    """A signature over damage would make it look intact."""
    path, pair = shelve(), make_keys(tmp_path / "keys")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match="Checksum differs"):
        sign(path.parent, pair.private)

    assert not (path.parent / "model.sig").exists()


def test_signing_again_replaces_the_signature(tmp_path: Path) -> None:
    """After a wanted change the folder is signed anew; the signature is no part of what is signed."""
    pair = make_keys(tmp_path / "keys")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_text("one")
    sign(folder, pair.private)
    (folder / "a").write_text("two")
    assert check_signature(folder, pair.public).state is SignatureState.TAMPERED

    sign(folder, pair.private)

    assert check_signature(folder, pair.public).state is SignatureState.VERIFIED


def test_nothing_links_and_foreign_keys_are_refused_in_words(tmp_path: Path) -> None:
    """Each with what to do."""
    pair = make_keys(tmp_path / "keys")
    folder = tmp_path / "model"
    with pytest.raises(SignatureError, match="nothing to sign"):
        sign(folder, pair.private)
    folder.mkdir()
    with pytest.raises(SignatureError, match="nothing to sign"):
        sign(folder, pair.private)
    (folder / "a").write_text("one")

    with pytest.raises(SignatureError, match="private key cannot be used"):
        sign(folder, tmp_path / "nowhere.pem")
    with pytest.raises(SignatureError, match="private key cannot be used"):
        sign(folder, pair.public)
    (folder / "link").symlink_to(folder / "a")
    with pytest.raises(SignatureError, match="A link"):
        sign(folder, pair.private)

    assert not (folder / "model.sig").exists()
    assert pair.private.name == PRIVATE_KEY


@pytest.mark.seeds(23)
def test_a_signature_of_every_older_release_still_holds(tmp_path: Path) -> None:
    """What a lab signed years ago must not become unsigned by an update of a library."""
    older = Path(__file__).with_name("signed_1.1")

    assert check_signature(older / "model", older / "public-key.pem").state is SignatureState.VERIFIED


OFFLINE = """
import sys
from pathlib import Path

asked = []
names = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
sys.addaudithook(lambda event, arguments: asked.append(event) if event in names else None)

from core.models.signatures import check_signature
from core.registry.signing import make_keys, sign

folder = Path(sys.argv[1])
keys = make_keys(folder / "keys")
(folder / "file").write_text("content")
sign(folder / "file", keys.private)
print(check_signature(folder / "file", keys.public).state, asked)
"""


@pytest.mark.seeds(23)
def test_signing_and_verifying_ask_no_network(tmp_path: Path) -> None:
    """The library can do more than we use: it carries clients of public services."""
    command = [sys.executable, "-c", OFFLINE, str(tmp_path)]
    root = Path(__file__).resolve().parents[2]

    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout == "signed and verified []\n"
