"""One file as a reader sees it: a neutral name, a place on disk, and its hash.

Owns the names that messages may use. Where the bytes came from (an upload, a folder, an archive)
is not told here: a name given by a user or found in an archive never travels further.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_HASH_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file under its neutral name ('file-03', or 'file-01/012' for a member of an archive)."""

    name: str
    path: Path

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def head(self, count: int) -> bytes:
        """The first `count` bytes, fewer where the file is shorter."""
        with self.path.open("rb") as stream:
            return stream.read(count)

    def sha256(self) -> str:
        """Hash of the file's bytes, in hex."""
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while chunk := stream.read(_HASH_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def neutral_sources(files: Sequence[Path]) -> list[Source]:
    """The files under the names file-01, file-02, … in the order given."""
    width = max(2, len(str(len(files))))
    return [Source(f"file-{number:0{width}d}", path) for number, path in enumerate(files, start=1)]


def study_sha256(hashes: Iterable[str]) -> str:
    """One hash for a study: of a single file its own, of a series over its sorted, distinct file hashes.

    Sorted and distinct, so that the same series loose, zipped, shuffled or with a file twice is the same study.
    """
    distinct = sorted(set(hashes))
    if len(distinct) == 1:
        return distinct[0]
    return hashlib.sha256("".join(distinct).encode("ascii")).hexdigest()
