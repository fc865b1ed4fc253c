"""Every file of the shelf and the store with its state: what a regular audit of model artefacts asks for.

Owns the states and which of them is wrong. Nothing is changed, and nothing but a header is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.engines.checks import CHECKS_SUFFIX
from core.engines.graph import SUFFIX
from core.errors import CheckpointError, ConfigError
from core.models.artefacts import explain_artefact
from core.models.catalog import CHECKSUM_DIFFERS, list_models, read_model
from core.models.config import CONFIG_NAME
from core.models.ensembles import ENSEMBLE_SUFFIX
from core.models.model import Model
from core.models.policy import signature_of
from core.models.signatures import FILE_SIGNATURE, SignatureCheck, SignatureState, find_signature, relative_name
from core.models.signatures import signed_files as visible_files
from core.models.variants import VARIANT_SUFFIX
from core.registry.manifest import hash_of

CHECKPOINT = ".safetensors"

COMPANIONS = (".md", ".history.csv", "metadata.json", "model_info.json")
"""How files end that lie beside a checkpoint and are never loaded: cards, histories of training, metadata."""


GRAPHS = (SUFFIX, CHECKS_SUFFIX)
"""How files end that engines read beside a checkpoint."""


class FileState(StrEnum):
    """What is to be said of a file."""

    VERIFIED = "signed and verified"
    UNSIGNED = "unsigned"
    NOT_CHECKED = "signed, not checked"
    """No public key is named."""
    OTHER_KEY = "signed with another key"
    UNKNOWN = "unknown file"
    UNREADABLE = "unreadable"
    TAMPERED = "tampered"
    SWAPPED = "swapped sidecar"
    DIFFERS = "hash differs from the registered one"
    MISSING = "missing"


ALWAYS_WRONG = frozenset(
    {FileState.UNREADABLE, FileState.TAMPERED, FileState.SWAPPED, FileState.DIFFERS, FileState.MISSING}
)
WRONG_WHERE_REQUIRED = frozenset({FileState.UNSIGNED, FileState.OTHER_KEY, FileState.UNKNOWN})
"""Wrong where this installation runs signed models only."""

_OF_SIGNATURE = {
    SignatureState.VERIFIED: FileState.VERIFIED,
    SignatureState.UNSIGNED: FileState.UNSIGNED,
    SignatureState.OTHER_KEY: FileState.OTHER_KEY,
    SignatureState.NOT_CHECKED: FileState.NOT_CHECKED,
}


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """One file. place : 'shelf' or 'store'; name : below it. said : what was found, a sentence, or empty.
    model_id : of the model whose checkpoint it is, or None. wrong : by the policy of this installation.
    """

    place: str
    name: str
    state: FileState
    said: str
    sha256: str | None
    model_id: str | None
    wrong: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What an audit holds files against. registered : file hashes by model id, as the registry noted them."""

    public_key: Path | None = None
    require_signed: bool = False
    registered: Mapping[str, str] = field(default_factory=dict)


def audit(roots: Mapping[str, Path], policy: Policy) -> list[AuditedFile]:
    """The files below each root, in order, then those that a signature lists and that are gone.

    Raises
    ------
    SignatureError : the public key cannot be read.
    """
    models = {model.path: model for model in list_models(list(roots.values()))}
    found: list[AuditedFile] = []
    for place, root in roots.items():
        if not root.is_dir():
            continue
        for file in visible_files(root):
            state, said, model_id = _Judge(policy, models).of(file)
            demanded = policy.require_signed and not file.name.endswith(COMPANIONS)
            wrong = state in ALWAYS_WRONG or (demanded and state in WRONG_WHERE_REQUIRED)
            sha256 = hash_of(file) if file.is_file() else None
            found.append(AuditedFile(place, relative_name(file, root), state, said, sha256, model_id, wrong))
        for name in _missing(root, policy):
            found.append(AuditedFile(place, name, FileState.MISSING, "A signature lists it.", None, None, wrong=True))
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    policy: Policy
    models: Mapping[Path, Model]

    def of(self, file: Path) -> tuple[FileState, str, str | None]:
        """State, sentence and model id."""
        if file.is_symlink():
            return FileState.UNKNOWN, "A link: what it leads to is not on the shelf.", None
        if file.name.endswith(CHECKPOINT):
            return self._checkpoint(file)
        if file.name.endswith((ENSEMBLE_SUFFIX, VARIANT_SUFFIX)):
            return self._description(file)
        if file.name == CONFIG_NAME:
            return self._sidecar(file)
        if file.name.endswith(FILE_SIGNATURE):
            return self._signature(file)
        if file.name.endswith((*COMPANIONS, *GRAPHS)):
            return (*self._signed(file), None)
        return FileState.UNKNOWN, explain_artefact(file) or "No model of the shelf is made of it.", None

    def _checkpoint(self, file: Path) -> tuple[FileState, str, str | None]:
        try:
            model = read_model(file)
        except (CheckpointError, ConfigError) as error:
            return FileState.UNREADABLE, error.found, None
        if model.problem == CHECKSUM_DIFFERS:
            return FileState.TAMPERED, CHECKSUM_DIFFERS, model.id
        return (*self._registered(model), model.id)

    def _description(self, file: Path) -> tuple[FileState, str, str | None]:
        model = self.models.get(file)
        if model is None:
            return FileState.UNREADABLE, "It breaks its schema, or another file has its id.", None
        return (*self._registered(model), model.id)

    def _registered(self, model: Model) -> tuple[FileState, str]:
        noted = self.policy.registered.get(model.id)
        if noted is not None and noted != model.file_sha256:
            return FileState.DIFFERS, f"Registered as {noted[:12]}…, here {model.file_sha256[:12]}…."
        return self._signed(model.path)

    def _sidecar(self, file: Path) -> tuple[FileState, str, str | None]:
        beside = list(file.parent.glob(f"*{CHECKPOINT}"))
        if len(beside) == 1:
            try:
                model = read_model(beside[0])
            except (CheckpointError, ConfigError):
                return (*self._signed(file), None)
            if model.problem and CONFIG_NAME in model.problem:
                return FileState.SWAPPED, model.problem, None
        return (*self._signed(file), None)

    def _signature(self, file: Path) -> tuple[FileState, str, str | None]:
        subject = file.parent if file.name == "model.sig" else file.with_name(file.name.removesuffix(FILE_SIGNATURE))
        if not subject.exists():
            return FileState.UNKNOWN, "A signature of a file that is not there.", None
        check = self._check(subject)
        state = _OF_SIGNATURE.get(check.state, FileState.TAMPERED)
        if check.differing:
            state = FileState.VERIFIED  # what it lists is told file by file
        return state, check.said, None

    def _signed(self, file: Path) -> tuple[FileState, str]:
        signed = find_signature(file)
        if signed is None:
            return FileState.UNSIGNED, ""
        check = self._check(signed.subject)
        if check.state is not SignatureState.TAMPERED:
            return _OF_SIGNATURE[check.state], ""
        name = relative_name(file, signed.subject)
        if check.said:
            return FileState.TAMPERED, f"Of its signature: {check.said}."
        if name in check.differing.changed:
            return FileState.TAMPERED, "It is not the file that was signed."
        if name in check.differing.extra:
            return FileState.UNSIGNED, "It was not there when the folder was signed."
        return FileState.VERIFIED, ""

    def _check(self, subject: Path) -> SignatureCheck:
        if self.policy.public_key is None:
            return SignatureCheck(SignatureState.NOT_CHECKED)
        return signature_of(subject, self.policy.public_key)


def _missing(root: Path, policy: Policy) -> Iterator[str]:
    if policy.public_key is None:
        return
    for file in visible_files(root):
        if file.name == "model.sig":
            for name in signature_of(file.parent, policy.public_key).differing.missing:
                yield f"{relative_name(file.parent, root)}/{name}".removeprefix("./")
