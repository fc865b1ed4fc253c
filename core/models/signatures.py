"""Whether the files of a model are those that somebody signed: the OpenSSF model-signing format, checked offline.

Owns finding a signature, checking it and naming what differs. What the verdict means for a model is `policy`'s,
making keys and signatures is `core.registry.signing`'s. The library is imported when there is a signature to check:
it takes half a second, and most shelves have none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError, SignatureError
from core.models.hashing import file_sha256
from core.models.strict_json import parse_json_object

if TYPE_CHECKING:
    from model_signing import hashing

FOLDER_SIGNATURE = "model.sig"
"""Inside a signed folder, as the library's own command calls it."""

FILE_SIGNATURE = ".sig"
"""Put behind the whole name of a signed file."""

MAX_SIGNATURE_BYTES = 4 * 2**20
"""A line for each signed file: 20,000 of them fit."""

SHOWN_NAMES = 5


class SignatureState(StrEnum):
    """What a signature says of the files that it was made for."""

    NOT_CHECKED = "not checked"
    """No public key is named here."""
    VERIFIED = "signed and verified"
    UNSIGNED = "unsigned"
    OTHER_KEY = "signed with another key"
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class Differing:
    """The names in which two lists of files differ, sorted; of a signed file alone the name is '.'."""

    extra: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @classmethod
    def between(cls, listed: Mapping[str, str], here: Mapping[str, str]) -> Differing:
        """Hashes by name: those that were written down, and those that are here."""
        return cls(
            extra=tuple(sorted(here.keys() - listed.keys())),
            missing=tuple(sorted(listed.keys() - here.keys())),
            changed=tuple(sorted(name for name in here.keys() & listed.keys() if here[name] != listed[name])),
        )

    def __bool__(self) -> bool:
        return bool(self.extra or self.missing or self.changed)

    def sentence(self) -> str:
        """`changed: a, b; missing: c`."""
        kinds = (("changed", self.changed), ("missing", self.missing), ("extra", self.extra))
        return "; ".join(f"{word}: {_few(names)}" for word, names in kinds if names)


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """A verdict with the names of what differs. said : why the signature itself does not hold; empty where it does."""

    state: SignatureState
    differing: Differing = Differing()
    said: str = ""

    def sentence(self) -> str:
        """The verdict in words."""
        parts = [part for part in (self.said, self.differing.sentence()) if part]
        return f"{self.state} ({'; '.join(parts)})" if parts else str(self.state)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature is about, and where it lies."""

    subject: Path
    signature: Path


def signature_place(subject: Path) -> Path:
    """Where the signature of a folder, or of a file, lies."""
    if subject.is_dir():
        return subject / FOLDER_SIGNATURE
    return subject.with_name(subject.name + FILE_SIGNATURE)


def find_signature(path: Path) -> Signed | None:
    """The signature over a file or folder: its own one, else that of the folder that a file lies in; None: unsigned."""
    for subject in (path,) if path.is_dir() else (path, path.parent):
        place = signature_place(subject)
        if place.is_file():
            return Signed(subject, place)
    return None


def check_signature(path: Path, public_key: Path) -> SignatureCheck:
    """Hold the files at `path` against their signature. Nothing is written, and no network is asked.

    path : a checkpoint's folder, or a file. public_key : PEM, of an elliptic curve.

    Raises
    ------
    SignatureError : the key is not there, or is none.
    """
    wanted = key_hint(public_key)
    signed = find_signature(path)
    if signed is None:
        return SignatureCheck(SignatureState.UNSIGNED)
    try:
        bundle = _bundle(signed.signature)
        hint, listed = _key_of(bundle), _listed(bundle)
    except (ConfigError, ValueError, TypeError, LookupError, OSError, RecursionError):
        return SignatureCheck(SignatureState.TAMPERED, said="the signature file is damaged")
    if hint != wanted:
        return SignatureCheck(SignatureState.OTHER_KEY)
    if any(file.is_symlink() or not file.is_file() for file in signed_files(signed.subject)):
        return SignatureCheck(SignatureState.TAMPERED, said="a link, or something that is no file, lies there")
    said = _library_says(signed, public_key)
    if said is None:
        return SignatureCheck(SignatureState.VERIFIED)
    if not said.startswith("Signature mismatch"):
        return SignatureCheck(SignatureState.TAMPERED, said="the signature file was changed")
    try:
        here = {relative_name(file, signed.subject): file_sha256(file) for file in signed_files(signed.subject)}
    except OSError:
        return SignatureCheck(SignatureState.TAMPERED, said="a file of it cannot be read")
    return SignatureCheck(SignatureState.TAMPERED, Differing.between(listed, here))


def signed_files(subject: Path) -> list[Path]:
    """The files that a signature of `subject` is about: all but the signature itself and those that begin with a dot,
    which no listing sees and which a writer that was cut off may have left.
    """
    if subject.is_file():
        return [subject]
    own = signature_place(subject)
    found = (path for path in sorted(subject.rglob("*")) if path != own and (path.is_symlink() or not path.is_dir()))
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(subject).parts)]


def relative_name(file: Path, subject: Path) -> str:
    """The name of a file in a signature."""
    return file.relative_to(subject).as_posix()


def hashing_config(subject: Path) -> hashing.Config:
    """How the files of a subject are hashed, for signing and for verifying alike: each one, with SHA-256."""
    from model_signing import hashing

    class VisibleFiles(hashing.Config):
        def hash(self, model_path: Any, *, files_to_hash: Any = None) -> Any:  # the library's own signature
            return super().hash(model_path, files_to_hash=files_to_hash or signed_files(subject))

    ignored = [FOLDER_SIGNATURE] if subject.is_dir() else []
    # The library annotates its methods and not its constructor.
    return VisibleFiles().set_ignored_paths(paths=ignored)  # type: ignore[no-untyped-call]


def key_hint(public_key: Path) -> str:
    """SHA-256 of a public key's PEM, by which a signature names its key.

    Raises
    ------
    SignatureError : the file is not there, or holds no public key of an elliptic curve that the library knows.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        key = load_pem_public_key(public_key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _no_key() from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not key.curve.name.startswith("secp"):
        raise _no_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(pem).hexdigest()


def _library_says(signed: Signed, public_key: Path) -> str | None:
    """None where the signature holds; else the library's words."""
    from cryptography.exceptions import InvalidSignature
    from model_signing import verifying

    config = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
    config.set_hashing_config(hashing_config(signed.subject))
    try:
        config.verify(signed.subject, signed.signature)
    except (ValueError, TypeError, LookupError, InvalidSignature, OSError) as error:
        return str(error) or type(error).__name__
    return None


def _bundle(signature: Path) -> dict[str, Any]:
    with signature.open("rb") as file:
        raw = file.read(MAX_SIGNATURE_BYTES + 1)
    if len(raw) > MAX_SIGNATURE_BYTES:
        raise ValueError("too large")
    return parse_json_object(raw, "The signature")


def _key_of(bundle: dict[str, Any]) -> str:
    return str(bundle["verificationMaterial"]["publicKey"]["hint"])


def _listed(bundle: dict[str, Any]) -> dict[str, str]:
    """The files that a signature lists, with their hashes. To be believed only after the library has verified it."""
    try:
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    predicate = parse_json_object(payload, "The statement")["predicate"]
    return {str(one["name"]): str(one["digest"]) for one in predicate["resources"]}


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(name[:100] for name in names[:SHOWN_NAMES]) + more


def _no_key() -> SignatureError:
    return SignatureError(
        found="The public key cannot be read, or is not one of an elliptic curve (P-256, P-384 or P-521).",
        why="Without it nobody can say who signed a model.",
        do="Name the file public-key.pem that `python -m core keygen DIR` wrote.",
    )
