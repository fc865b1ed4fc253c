"""The list of files with their sizes and SHA-256: of the shelf, the store, or what goes into a backup.

Owns the list, its text and what two of them differ in. Hashes of checkpoints are those that the catalogue remembers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import CheckpointError, ConfigError, SignatureError
from core.models.catalog import read_model
from core.models.hashing import file_sha256
from core.models.signatures import Differing, relative_name, signed_files
from core.models.strict_json import canonical_json, parse_json_object

SCHEMA = "readroom.manifest/1"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int = Field(ge=0)
    sha256: Sha256


class _ManifestFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal["readroom.manifest/1"] = Field(alias="schema")
    files: dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Files by name: relative to their root, with `/` between folders.

    Two manifests are equal where their names, sizes and hashes are: `Manifest.parse(m.text()) == m`.
    """

    files: Mapping[str, Entry]

    def text(self) -> str:
        """One line of canonical JSON: equal manifests give equal text."""
        files = {name: entry.model_dump() for name, entry in self.files.items()}
        return canonical_json({"schema": SCHEMA, "files": files})

    @classmethod
    def parse(cls, text: bytes | str) -> Manifest:
        """The manifest of a text.

        Raises
        ------
        SignatureError : it is none.
        """
        try:
            return cls(_ManifestFile.model_validate(parse_json_object(text, "The manifest")).files)
        except (ConfigError, ValidationError) as error:
            raise SignatureError(
                found="The manifest is damaged, or is none.",
                why="Without it nobody can say which files were there.",
                do="Take the copy that was written, or another backup.",
            ) from error

    def differing(self, here: Manifest) -> Differing:
        """In what the files `here` differ from those that this manifest lists."""
        listed = {name: entry.sha256 for name, entry in self.files.items()}
        return Differing.between(listed, {name: entry.sha256 for name, entry in here.files.items()})


def manifest_of(roots: Mapping[str, Path]) -> Manifest:
    """Every file below the roots, each name with its root's word in front: `shelf/<folder>/<file>`.

    Names that begin with a dot are left out, as in every listing; a root that is not there is empty.
    """
    return Manifest(
        {
            f"{word}/{relative_name(file, root)}": Entry(bytes=file.stat().st_size, sha256=hash_of(file))
            for word, root in roots.items()
            if root.is_dir()
            for file in signed_files(root)
            if file.is_file()
        }
    )


def hash_of(file: Path) -> str:
    """SHA-256 of a file; of one of our checkpoints the one that the catalogue remembers."""
    if file.suffix == ".safetensors":
        try:
            return read_model(file).file_sha256
        except (CheckpointError, ConfigError):
            pass
    return file_sha256(file)
