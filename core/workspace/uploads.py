"""Files on their way to becoming cases: received under neutral names, sorted into uploads, read or refused.

Owns the bytes until a case is made or refused; then they go, with every identifier in them. Looking into
them is left to the workflows, which do it in the isolated worker.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from core.models.atomic import write_atomically
from core.workspace.case import Upload, UploadState
from core.workspace.owner import MIB, Workspace, not_here, number_of, require_room
from core.workspace.records import read_json, write_json

COPY_BYTES = 4 * MIB
"""Piece in which an upload is moved to disk."""

_UPLOAD_ID = re.compile(r"upload-\d{2,6}")


class Uploads:
    """One owner's files that are not cases yet."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.folder / "uploads"
        self.incoming = workspace.folder / "incoming"

    def receive(self, files: Iterable[tuple[str, IO[bytes]]], *, keep_uids: bool = False) -> Path:
        """Move (name, bytes) pairs here as file-01, file-02, …; the folder that holds them.

        keep_uids : of DICOM series among them the original UIDs stay with the case.

        Raises
        ------
        TooLarge : the owner's folder would grow over its quota; nothing of this batch is kept then.
        """
        batch = self.incoming / secrets.token_hex(8)
        names: list[str] = []
        used = self.workspace.size_bytes()
        try:
            for number, (name, source) in enumerate(files, start=1):
                used += copy_within_quota(source, batch / f"file-{number:02d}", used)
                names.append(name)
            write_json(batch / "keep-uids.json", keep_uids)
            write_json(batch / "names.json", names)
        except BaseException:
            shutil.rmtree(batch, ignore_errors=True)
            raise
        self.workspace.touch()
        return batch

    def batches(self) -> list[Path]:
        """Received and not yet sorted; one without its names was cut off on the way and is left out."""
        whole = (p.parent for p in self.incoming.glob("*/names.json"))
        return sorted(whole, key=lambda batch: batch.stat().st_mtime_ns)

    def sort(self, batch: Path, groups: Sequence[Sequence[Path]]) -> list[Upload]:
        """Make one upload of each group of a batch's files."""
        given = read_json(batch / "names.json") or []
        names = dict(zip(files_in(batch), given, strict=True))
        keep_uids = bool(read_json(batch / "keep-uids.json"))
        with self.workspace.lock:
            made = [self._new(group, [names[file] for file in group], keep_uids) for group in groups]
            shutil.rmtree(batch)
        return made

    def all(self) -> list[Upload]:
        """What is not a case yet, in the order of arrival."""
        folders = sorted((p for p in self.folder.glob("*") if _UPLOAD_ID.fullmatch(p.name)), key=number_of)
        return [upload for folder in folders if (upload := _read(folder)) is not None]

    def get(self, upload_id: str) -> Upload:
        """One upload.

        Raises
        ------
        NotFound : it is not there.
        """
        found = _read(self._place(upload_id))
        if found is None:
            raise not_here(upload_id)
        return found

    def keep(self, upload: Upload) -> None:
        """Write an upload's state down; a refused one loses its bytes."""
        folder = self._place(upload.id)
        with self.workspace.lock:
            if not folder.is_dir():
                raise not_here(upload.id)
            write_json(folder / "upload.json", upload.to_dict())
            if upload.state is UploadState.REFUSED:
                for file in files_in(folder):
                    file.unlink()

    def drop(self, upload_id: str) -> None:
        """Take an upload away: its bytes, its reason and the owner's file names for it."""
        with self.workspace.lock:
            shutil.rmtree(self._place(upload_id), ignore_errors=True)
            self.workspace.move_names(upload_id, None)

    def _place(self, upload_id: str) -> Path:
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise not_here(upload_id)
        return self.folder / upload_id

    def _new(self, group: Sequence[Path], names: list[str], keep_uids: bool) -> Upload:
        upload_id = self.workspace.next_id("upload")
        folder = self.folder / upload_id
        folder.mkdir(parents=True)
        files = tuple(file.rename(folder / f"file-{n:02d}") for n, file in enumerate(group, start=1))
        upload = Upload(upload_id, files, keep_uids=keep_uids)
        self.workspace.move_names(upload_id, upload_id, names)
        write_json(folder / "upload.json", upload.to_dict())
        return upload


def files_in(folder: Path) -> list[Path]:
    """A folder's files in the order of their neutral names."""
    return sorted(folder.glob("file-*"), key=number_of)


def _read(folder: Path) -> Upload | None:
    plain = read_json(folder / "upload.json")
    return None if plain is None else Upload.from_dict(plain, tuple(files_in(folder)))


def copy_within_quota(source: IO[bytes], target: Path, used: int) -> int:
    """Bytes copied; `used` is what lies in the owner's folder already."""
    copied = 0

    def write(file: IO[bytes]) -> None:
        nonlocal copied
        while piece := source.read(COPY_BYTES):
            copied += len(piece)
            require_room(used + copied)
            file.write(piece)

    write_atomically(target, write)
    return copied
