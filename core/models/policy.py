"""What this installation demands of a model's signature, and what becomes of one that does not have it.

Owns the rule. A model whose signed files were changed is refused wherever a public key is named; one without a
signature of that key is refused where signatures are required. Refused means: listed, with its state, and not run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.errors import SignatureError
from core.models.model import Model
from core.models.signatures import (
    SignatureCheck,
    SignatureState,
    check_signature,
    find_signature,
    signature_place,
    signed_files,
)
from core.settings import settings

_Stamp = tuple[str, int, int, int, int]

_memo: dict[Path, tuple[tuple[_Stamp, ...], SignatureCheck]] = {}
"""The last verdict on a place, while every file that it rests on stays what it was."""


def under_policy(model: Model) -> Model:
    """The handle with the state of its signature, and with a problem where this installation does not accept it."""
    limits = settings()
    if limits.public_key is None:
        return model
    try:
        check = signature_of(model.path, limits.public_key)
    except SignatureError as error:
        return replace(model, problem=model.problem or f"Signatures cannot be checked. {error.found} {error.do}")
    refusal = _refusal(check, required=limits.require_signed)
    said = (f"It is {check.state}.",) if check.state is SignatureState.OTHER_KEY and not refusal else ()
    return replace(model, signature=check.state, problem=model.problem or refusal, notes=(*model.notes, *said))


def signature_of(path: Path, public_key: Path) -> SignatureCheck:
    """`check_signature` of a file or folder, remembered while files, signature and key stay as they are.

    Raises
    ------
    SignatureError : the key cannot be read.
    """
    signed = find_signature(path)
    subject = path if signed is None else signed.subject
    stamps = tuple(_stamp(file) for file in (public_key, signature_place(subject), *signed_files(subject)))
    held = _memo.get(subject)
    if held is None or held[0] != stamps:
        held = _memo[subject] = (stamps, check_signature(subject, public_key))
    return held[1]


def _refusal(check: SignatureCheck, *, required: bool) -> str | None:
    if check.state is SignatureState.TAMPERED:
        return f"Its signature does not hold: {check.sentence()}. Restore its files from a backup, or sign them anew."
    if required and check.state is not SignatureState.VERIFIED:
        return f"It is {check.state}, and this installation runs signed models only. Verify it, then sign it."
    return None


def _stamp(file: Path) -> _Stamp:
    """Size, times and place of a file; the time of change too, which nobody can set back."""
    try:
        held = file.lstat()
    except OSError:
        return (str(file), -1, 0, 0, 0)
    return (str(file), held.st_size, held.st_mtime_ns, held.st_ctime_ns, held.st_ino)
