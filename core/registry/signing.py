"""Keys and signatures for models, in the OpenSSF model-signing format, made offline with an elliptic-curve key.

Owns making both. Checking a signature is `core.models.signatures`'s, since every listing of models rests on it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import CheckpointError, ConfigError, SignatureError
from core.models.atomic import sync_folder, write_atomically
from core.models.catalog import read_model
from core.models.signatures import Signed, hashing_config, signature_place, signed_files

PRIVATE_KEY, PUBLIC_KEY = "private-key.pem", "public-key.pem"

OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where the two halves of a key lie."""

    private: Path
    public: Path


def make_keys(folder: Path, passphrase: bytes | None = None) -> KeyPair:
    """A new key of curve P-256 in `folder`, which is made; the private half is readable by its owner alone.

    passphrase : encrypts the private half; None leaves it as it is.

    Raises
    ------
    SignatureError : a key lies there already, or the folder cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pair = KeyPair(folder / PRIVATE_KEY, folder / PUBLIC_KEY)
    key = ec.generate_private_key(ec.SECP256R1())
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if pair.public.exists():
            raise FileExistsError
        _write_new(pair.private, private)
        write_atomically(pair.public, public)
    except FileExistsError as error:
        raise SignatureError(
            found="A key lies in that folder already.",
            why="Whatever was signed with it could not be signed again if it were overwritten.",
            do="Name another folder, or move the old key away.",
        ) from error
    except OSError as error:
        raise _unwritable("The keys", error) from error
    return pair


def sign(subject: Path, private_key: Path, passphrase: bytes | None = None) -> Signed:
    """Sign a folder with all its files, or one file; the signature is written beside, atomically.

    Raises
    ------
    SignatureError : there is nothing to sign, a link lies in the folder, the key cannot be used, or the signature
        cannot be written.
    CheckpointError : a checkpoint in it is damaged: a signature would vouch for the damage.
    """
    files = signed_files(subject) if subject.exists() else []
    if not files:
        raise SignatureError(
            found="There is nothing to sign at that place.",
            why="A signature is about the files that it lists.",
            do="Name the folder of a checkpoint, or a file.",
        )
    if any(file.is_symlink() or not file.is_file() for file in files):
        raise SignatureError(
            found="A link, or something that is no file, lies in the folder.",
            why="What a link leads to could change without the signature noticing.",
            do="Put the file itself in its place, then sign again.",
        )
    for file in files:
        _require_intact(file)
    place = signature_place(subject)
    try:
        write_atomically(place, _signature(subject, private_key, passphrase))
    except OSError as error:
        raise _unwritable("The signature", error) from error
    return Signed(subject, place)


def is_encrypted(private_key: Path) -> bool:
    """Whether a private key asks for a passphrase.

    Raises
    ------
    SignatureError : it cannot be read.
    """
    try:
        return b"ENCRYPTED" in private_key.read_bytes()[:200]
    except OSError as error:
        raise _unusable_key() from error


def _signature(subject: Path, private_key: Path, passphrase: bytes | None) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from model_signing import signing

    is_encrypted(private_key)  # told apart here: below, an OSError is about the place that is written
    try:
        # The library calls it a text and hands it to a reader that takes bytes.
        config = signing.Config().use_elliptic_key_signer(private_key=private_key, password=passphrase)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise _unusable_key() from error
    config.set_hashing_config(hashing_config(subject))
    with tempfile.TemporaryDirectory() as folder:  # the library writes in place, and not whole or not at all
        made = Path(folder) / "signature"
        config.sign(subject, made)
        return made.read_bytes()


def _require_intact(file: Path) -> None:
    if file.suffix != ".safetensors":
        return
    try:
        problem = read_model(file).problem
    except (CheckpointError, ConfigError):
        return  # not of our own format: there is no seal to break
    if problem:
        raise CheckpointError(
            found=problem,
            why="A signature would vouch for a file that is not what it was.",
            do="Bring an intact copy, then sign it.",
        )


def _write_new(path: Path, content: bytes) -> None:
    """Write a file for its owner's eyes, whole or not at all; raises FileExistsError where one is there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with _opened_for_owner(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _opened_for_owner(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb")


def _unwritable(what: str, error: OSError) -> SignatureError:
    return SignatureError(
        found=f"{what} cannot be written: {os.strerror(error.errno or 0).lower()}.",
        why="Nothing was changed.",
        do="Make room or ask for the right to write there, then try again.",
    )


def _unusable_key() -> SignatureError:
    return SignatureError(
        found="The private key cannot be used: it is missing, damaged, of another kind, or the passphrase is wrong.",
        why="Nothing was signed.",
        do="Name the file private-key.pem that `python -m core keygen DIR` wrote, and its passphrase if it has one.",
    )
