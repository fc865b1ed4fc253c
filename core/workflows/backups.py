"""Saving the whole shelf in one file, and getting it back: what `backup` and `restore` do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.models.catalog import list_models
from core.registry.backup import Restored, backed_up_roots, write_backup
from core.registry.backup import restore as restore_archive
from core.registry.manifest import Manifest


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What went into a backup. problems : models that were saved as they are and cannot be used, with the reason."""

    manifest: Manifest
    problems: dict[str, str]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(entry.bytes for entry in self.manifest.files.values())


def backup(path: Path) -> BackedUp:
    """Write shelf, store, saved points and event log of this installation into one archive, atomically.

    Raises
    ------
    BackupError : see `core.registry.backup.write_backup`.
    """
    manifest = write_backup(path, backed_up_roots())
    return BackedUp(manifest, {model.id: model.problem for model in list_models() if model.problem})


def restore(path: Path, folder: Path, *, force: bool = False) -> Restored:
    """Put a backup's files below `folder`, as `shelf/` and `home/`; arguments and errors of the archive's own."""
    return restore_archive(path, folder, force=force)
