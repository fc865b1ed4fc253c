"""Signatures: held against every file, named when they do not hold, and readable by the library's own means."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_signing import hashing, signing, verifying

from core.errors import SignatureError
from core.models.signatures import SignatureState, check_signature, find_signature
from core.registry.signing import KeyPair, make_keys, sign


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return make_keys(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, one of them deep and one empty: a signature does not ask what a file is."""
    root = tmp_path / "tiny_v1.0.0"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "model.safetensors").write_bytes(b"weights, as it were")
    (root / "deep" / "er" / "notes.md").write_text("notes")
    (root / "empty").touch()
    return root


def _flip(path: Path, place: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped": (lambda root: _flip(root / "model.safetensors"), "tampered (changed: model.safetensors)"),
    "grown": (lambda root: (root / "empty").write_text("x"), "tampered (changed: empty)"),
    "gone": (lambda root: (root / "deep/er/notes.md").unlink(), "tampered (missing: deep/er/notes.md)"),
    "more": (lambda root: (root / "deep/more").touch(), "tampered (extra: deep/more)"),
    "renamed": (lambda root: (root / "empty").rename(root / "void"), "tampered (missing: empty; extra: void)"),
    "a link": (
        lambda root: (root / "link").symlink_to(root / "empty"),
        "tampered (a link, or something that is no file, lies there)",
    ),
}


@pytest.mark.seeds(23)
def test_a_signed_folder_is_verified(folder: Path, keys: KeyPair) -> None:
    """The nearest acceptance of all the refusals below."""
    sign(folder, keys.private)

    assert check_signature(folder, keys.public).sentence() == "signed and verified"


@pytest.mark.seeds(23, 40)
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_differs_is_named(folder: Path, keys: KeyPair, change: str) -> None:
    """'It does not hold' alone would leave the reader to look for it."""
    sign(folder, keys.private)
    do, said = CHANGES[change]

    do(folder)

    assert check_signature(folder, keys.public).sentence() == said


def test_a_signed_file_is_verified_and_a_flipped_byte_noticed(folder: Path, keys: KeyPair) -> None:
    """Files of a flat shelf, and backups, are signed one by one."""
    file = folder / "model.safetensors"
    assert sign(file, keys.private).signature.name == "model.safetensors.sig"
    assert check_signature(file, keys.public).state is SignatureState.VERIFIED

    _flip(file)

    assert check_signature(file, keys.public).sentence() == "tampered (changed: .)"


def test_a_file_of_its_own_signature_goes_before_its_folders(folder: Path, keys: KeyPair) -> None:
    """The nearer statement is the more exact one."""
    file = folder / "model.safetensors"
    sign(folder, keys.private)
    found = find_signature(file)
    assert found is not None
    assert found.subject == folder

    sign(file, keys.private)

    found = find_signature(file)
    assert found is not None
    assert found.subject == file


def test_nothing_signed_is_unsigned(folder: Path, keys: KeyPair) -> None:
    """No signature is not a broken one."""
    assert check_signature(folder, keys.public).state is SignatureState.UNSIGNED


def test_another_key_is_told_apart_from_tampering(folder: Path, keys: KeyPair, tmp_path: Path) -> None:
    """A vendor's signature is no attack; it only says nothing to this key."""
    sign(folder, make_keys(tmp_path / "theirs").private)

    assert check_signature(folder, keys.public).state is SignatureState.OTHER_KEY


def test_a_forged_statement_is_noticed(folder: Path, keys: KeyPair) -> None:
    """Who changes a file can change the list of hashes too, but not sign it."""
    place = sign(folder, keys.private).signature
    bundle = json.loads(place.read_text())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b'"tiny_v1.0.0"', b'"other_v1.0.0"')
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    place.write_text(json.dumps(bundle))

    assert check_signature(folder, keys.public).sentence() == "tampered (the signature file was changed)"


def test_a_signature_of_another_folder_is_no_signature_of_this_one(folder: Path, keys: KeyPair, tmp_path: Path) -> None:
    """A genuine signature moved beside other files is the cheapest of forgeries."""
    other = tmp_path / "other_v1.0.0"
    other.mkdir()
    (other / "model.safetensors").write_bytes(b"other weights")
    sign(other, keys.private).signature.rename(folder / "model.sig")

    check = check_signature(folder, keys.public)

    assert check.state is SignatureState.TAMPERED
    assert check.differing.changed == ("model.safetensors",)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"verificationMaterial": {"publicKey": {"hint": "x"}}}'],
    ids=["empty", "no keys", "a list", "no text", "deep", "half"],
)
def test_a_damaged_signature_is_told_and_never_a_fault(folder: Path, keys: KeyPair, content: bytes) -> None:
    """The signature lies where an attacker writes."""
    (folder / "model.sig").write_bytes(content)

    assert check_signature(folder, keys.public).sentence() == "tampered (the signature file is damaged)"


UNSIGNED_FIELDS = {"verificationMaterial.tlogEntries", "dsseEnvelope.signatures.0.keyid"}
"""Of the bundle's form, and no part of what is signed or of who signed it."""


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield from _places(held, (*above, key))


def test_no_field_of_a_signature_can_be_exchanged(folder: Path, keys: KeyPair) -> None:
    """Each field in turn for another value of each kind: never a fault of ours, and never 'verified'."""
    place = sign(folder, keys.private).signature
    whole = place.read_text()
    verified = set()
    for where in list(_places(json.loads(whole))):
        for other in (None, [], {"a": 1}, "x", 1e300):
            bundle = json.loads(whole)
            inner = bundle
            for key in where[:-1]:
                inner = inner[key]
            inner[where[-1]] = other
            place.write_text(json.dumps(bundle))
            if check_signature(folder, keys.public).state is SignatureState.VERIFIED:
                verified.add(".".join(str(key) for key in where))

    assert verified <= UNSIGNED_FIELDS


def test_an_old_signature_without_a_key_hint_prints_nothing(
    folder: Path, keys: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library prints a warning then, which would end up in somebody's JSON."""
    place = sign(folder, keys.private).signature
    bundle = json.loads(place.read_text())
    bundle["verificationMaterial"]["publicKey"]["hint"] = ""
    place.write_text(json.dumps(bundle))

    assert check_signature(folder, keys.public).state is SignatureState.OTHER_KEY
    assert capsys.readouterr().out == ""


def test_what_a_writer_that_was_cut_off_left_is_no_difference(folder: Path, keys: KeyPair) -> None:
    """Names that begin with a dot are in no listing either."""
    sign(folder, keys.private)

    (folder / ".model.sig.abc.part").write_text("half")

    assert check_signature(folder, keys.public).state is SignatureState.VERIFIED


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_is_refused_in_words(folder: Path, tmp_path: Path, content: bytes) -> None:
    """Verifying with nothing must not look like verifying."""
    (tmp_path / "key.pem").write_bytes(content)

    with pytest.raises(SignatureError, match="public key cannot be read"):
        check_signature(folder, tmp_path / "key.pem")
    with pytest.raises(SignatureError, match="public key cannot be read"):
        check_signature(folder, tmp_path / "nowhere.pem")


@pytest.mark.seeds(23)
def test_the_library_itself_verifies_ours_and_we_verify_its(folder: Path, keys: KeyPair) -> None:
    """A published standard is one that others can check without us."""
    place = sign(folder, keys.private).signature
    verifying.Config().use_elliptic_key_verifier(public_key=keys.public).verify(folder, place)
    place.unlink()

    theirs = signing.Config().use_elliptic_key_signer(private_key=keys.private)
    theirs.set_hashing_config(hashing.Config().set_ignored_paths(paths=[place.name])).sign(folder, place)

    assert check_signature(folder, keys.public).state is SignatureState.VERIFIED
