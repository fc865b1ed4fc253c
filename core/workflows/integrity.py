"""Keys, signatures and audits of the shelf: what `keygen`, `sign`, `verify` and `audit` do.

Owns what an audit covers here. Making signatures is `core.registry.signing`'s, the states are `core.registry.audit`'s.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import SignatureError
from core.models.atomic import write_atomically
from core.models.catalog import list_models
from core.models.signatures import Differing, SignatureCheck, check_signature
from core.models.store import store_root
from core.registry import signing
from core.registry.audit import AuditedFile, Policy, audit
from core.registry.manifest import Manifest, manifest_of
from core.registry.noting import SIGNED, note
from core.registry.shelf import Shelf
from core.registry.signing import KeyPair
from core.settings import settings


def make_keys(folder: Path, passphrase: str | None = None) -> KeyPair:
    """A new key pair; arguments and errors as `core.registry.signing.make_keys`."""
    return signing.make_keys(folder, _bytes(passphrase))


def sign(subject: Path, private_key: Path, passphrase: str | None = None) -> Path:
    """Sign a folder or a file; where the signature lies. The history of the models in it says so.

    Raises
    ------
    As `core.registry.signing.sign`; RegistryError where the history cannot be written.
    """
    signature = signing.sign(subject, private_key, _bytes(passphrase)).signature
    for model in list_models():
        if model.path.resolve().is_relative_to(subject.resolve()):
            note(SIGNED, model.id, after=model.file_sha256)
    return signature


def verify(subject: Path, public_key: Path | None) -> SignatureCheck:
    """The verdict on a folder or a file. public_key : None takes this installation's.

    Raises
    ------
    SignatureError : there is nothing at that place, or no key.
    """
    if not subject.exists():
        raise SignatureError(
            found="There is nothing at that place.",
            why="A signature is held against files.",
            do="Name the folder of a checkpoint, or a file.",
        )
    key = public_key or settings().public_key
    if key is None:
        raise SignatureError(
            found="No public key is named.",
            why="A signature says who made it only to whoever has the key.",
            do="Name one with --public-key FILE, or in READROOM_PUBLIC_KEY.",
        )
    return check_signature(subject, key)


def shelf_roots() -> dict[str, Path]:
    """What is audited and listed in a manifest: our own checkpoints, and the imported ones."""
    return {"shelf": settings().shelf, "store": store_root()}


def audit_shelf(public_key: Path | None = None) -> list[AuditedFile]:
    """Every file of shelf and store with its state. public_key : None takes this installation's.

    Raises
    ------
    SignatureError : the key cannot be read. RegistryError : the event log cannot.
    """
    limits = settings()
    registered = {version.id: version.file_sha256 for version in Shelf().versions().values()}
    return audit(shelf_roots(), Policy(public_key or limits.public_key, limits.require_signed, registered))


def write_manifest(path: Path) -> int:
    """Write the list of every file with its SHA-256; how many there are."""
    manifest = manifest_of(shelf_roots())
    write_atomically(path, manifest.text().encode())
    return len(manifest.files)


def against_manifest(path: Path) -> Differing:
    """In what shelf and store differ from a manifest that was written before.

    Raises
    ------
    SignatureError : the manifest cannot be read.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SignatureError(
            found="The manifest cannot be read.", why="There is nothing to compare with.", do="Check the path."
        ) from error
    return Manifest.parse(text).differing(manifest_of(shelf_roots()))


def _bytes(passphrase: str | None) -> bytes | None:
    return passphrase.encode() if passphrase else None
