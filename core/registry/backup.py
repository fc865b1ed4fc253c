"""The whole shelf as one archive, and back: checkpoints, saved operating points and the event log.

Owns the archive. It is a zip without compression: `files/000001`, … in the order of the manifest's names, and
`manifest.json` last. So an archive cannot unpack to more than it is, and no name in it is ever a path: the names are
the manifest's, and those are looked at one by one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import BackupError, RegistryError, SignatureError
from core.models.atomic import sync_folder, write_atomically
from core.models.hashing import file_sha256
from core.models.signatures import relative_name, signed_files
from core.registry.event_log import EventLog
from core.registry.manifest import Entry, Manifest
from core.settings import settings

MANIFEST = "manifest.json"

MAX_MANIFEST_BYTES = 32 * 2**20
"""20,000 files with names of a thousand letters."""

PLACES = {"shelf": "shelf", "store": "home/store", "points": "home/points", "registry": "home/registry"}
"""Where each kind of file lies below the folder that a backup is restored to."""

LOG = ("events.jsonl", "events.torn")
"""Of the registry, the truth; its tables are made of it."""

MAX_DEPTH = 8
MAX_PART_BYTES = 200

_CHUNK = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every member: equal content gives equal archives."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. written, kept : files put in place, and those that were there already, byte for byte."""

    written: int
    kept: int


def backed_up_roots() -> dict[str, Path]:
    """The folders of this installation that go into a backup, by the words of `PLACES`."""
    home = settings().home
    return {"shelf": settings().shelf, **{word: home / word for word in ("store", "points", "registry")}}


def write_backup(path: Path, roots: Mapping[str, Path]) -> Manifest:
    """Write the archive, whole or not at all; what is in it.

    Raises
    ------
    BackupError : it would lie inside what it holds, or a file cannot be read, or the disk is full or read-only.
    """
    inside = [root for root in roots.values() if root.resolve() in path.resolve().parents]
    if inside:
        raise BackupError(
            found="The backup would lie in a folder that it holds.",
            why="It would be lost with what it is to save, and the next one would hold it too.",
            do="Name a place elsewhere, best on another disk.",
        )
    entries: dict[str, Entry] = {}

    def write(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive, _log_at_rest(roots):
            for number, (name, source) in enumerate(sorted(_sources(roots).items()), start=1):
                entries[name] = _put(archive, _member(number), source)
            archive.writestr(zipfile.ZipInfo(MANIFEST, _LONG_AGO), Manifest(entries).text())

    try:
        write_atomically(path, write)
    except OSError as error:
        raise BackupError(
            found=f"The backup cannot be written: {os.strerror(error.errno or 0).lower()}.",
            why="Nothing was left at its place, and what it is to save is as it was.",
            do="Make room, or name a place that can be written, and try again.",
        ) from error
    return Manifest(entries)


def read_manifest(path: Path) -> Manifest:
    """What an archive says that it holds, its form and every name checked; its files are not read.

    Raises
    ------
    BackupError : it is no backup, or one that was tampered with.
    """
    with _opened(path) as archive:
        return _checked(archive, path)


def restore(path: Path, folder: Path, *, force: bool = False) -> Restored:
    """Unpack an archive beside its place, check every byte of it, and only then put the files in place.

    folder : receives `shelf/` and `home/`. force : replace files that differ. What is there and not in the archive
    stays. Cut off in the middle, each file is the old or the new one, and a second run completes it.

    Raises
    ------
    BackupError : the archive does not hold what it promises, files that differ are there, or the disk is full.
    """
    try:
        with _opened(path) as archive, _staging(folder) as staged:
            manifest = _checked(archive, path)
            _require_room(folder, manifest)
            for number, (name, entry) in enumerate(sorted(manifest.files.items()), start=1):
                _take_out(archive, _member(number), staged / _member(number), name, entry)
            todo = _differing(folder, manifest, force=force)
            for number, name in enumerate(sorted(manifest.files), start=1):
                if name in todo:
                    _move(staged / _member(number), todo[name])
    except OSError as error:
        raise BackupError(
            found=f"The backup cannot be restored: {os.strerror(error.errno or 0).lower()}.",
            why="Files that are in place already are whole; the rest is not there yet.",
            do="Make room, or name a folder that can be written, and restore again.",
        ) from error
    return Restored(len(todo), len(manifest.files) - len(todo))


def _sources(roots: Mapping[str, Path]) -> dict[str, Path]:
    """Every file that goes into a backup, by its name in the manifest."""
    return {
        f"{word}/{relative_name(file, root)}": file
        for word, root in roots.items()
        if root.is_dir()
        for file in signed_files(root)
        if file.is_file() and not file.is_symlink() and (word != "registry" or relative_name(file, root) in LOG)
    }


@contextmanager
def _log_at_rest(roots: Mapping[str, Path]) -> Iterator[None]:
    """No event is being written: a line that is not flushed yet could still be taken back."""
    folder = roots.get("registry")
    # What nobody can write to is at rest already: a disk that fails is mounted read-only, and then most needed.
    waits = folder is not None and folder.is_dir() and os.access(folder, os.W_OK)
    try:
        with EventLog(folder).lock() if folder is not None and waits else nullcontext():
            yield
    except RegistryError as error:
        raise BackupError(
            found=error.found, why="The event log could change while it is copied.", do=error.do
        ) from error


def _put(archive: zipfile.ZipFile, member: str, source: Path) -> Entry:
    """Copy a file in; size and hash are those of what was copied, whatever happens to the file meanwhile."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, archive.open(zipfile.ZipInfo(member, _LONG_AGO), "w", force_zip64=True) as out:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
    return Entry(bytes=size, sha256=digest.hexdigest())


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise BackupError(
            found="There is no backup at that place.", why="Nothing can be restored.", do="Check the path."
        ) from error
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _damaged("its archive ends early or contradicts itself") from error


def _checked(archive: zipfile.ZipFile, path: Path) -> Manifest:
    members = archive.infolist()
    limit = settings().archive_files
    if len(members) > limit + 1:
        raise BackupError(
            found=f"The backup holds {len(members) - 1:,} files.",
            why=f"At most {limit:,} are restored.",
            do="Raise READROOM_ARCHIVE_FILES if it is yours.",
        )
    plain = all(m.compress_type == zipfile.ZIP_STORED and not m.flag_bits & 0x1 for m in members)
    if not plain or sum(m.file_size for m in members) > path.stat().st_size:
        raise _damaged("its files are packed or encrypted, or claim to be more than the archive is")
    sizes = {m.filename: m.file_size for m in members}
    if not 0 <= sizes.get(MANIFEST, -1) <= MAX_MANIFEST_BYTES:
        raise _damaged("it has no manifest")
    try:
        manifest = Manifest.parse(archive.read(MANIFEST))
    except SignatureError as error:
        raise _damaged("its manifest cannot be read") from error
    names = sorted(manifest.files)
    promised = {_member(n): manifest.files[name].bytes for n, name in enumerate(names, start=1)}
    if len(sizes) != len(members) or promised != {k: v for k, v in sizes.items() if k != MANIFEST}:
        raise _damaged("its files are not those of its manifest")
    _require_safe(names)
    return manifest


def _require_safe(names: Iterable[str]) -> None:
    """Refuse names that are no plain place below one of ours, or that meet on a disk which ignores case."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        parts = name.split("/")
        safe = parts[0] in PLACES and 2 <= len(parts) <= MAX_DEPTH and not _CONTROL.search(name)
        if not safe or any(not p or p.startswith(".") or len(p.encode()) > MAX_PART_BYTES for p in parts):
            raise _damaged("a name in its manifest leads elsewhere")
        folded = unicodedata.normalize("NFC", name).casefold()
        above = {str(parent) for parent in PurePosixPath(folded).parents}
        if folded in seen or folded in folders or above & seen:
            raise _damaged("two names in its manifest are one place")
        seen.add(folded)
        folders |= above


def _take_out(archive: zipfile.ZipFile, member: str, out_path: Path, name: str, entry: Entry) -> None:
    out_path.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), entry.bytes
    with archive.open(member) as packed, out_path.open("xb") as out:
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if left or digest.hexdigest() != entry.sha256:
        raise _damaged(f"{name[:100]} is not what was backed up")


def _differing(folder: Path, manifest: Manifest, *, force: bool) -> dict[str, Path]:
    """The files that have to be written, with their places; all of them are looked at before the first is."""
    todo, others = {}, []
    for name, entry in manifest.files.items():
        word, _, rest = name.partition("/")
        place = folder / PLACES[word] / rest
        if folder.resolve() not in place.parent.resolve().parents or place.is_symlink() or place.is_dir():
            raise BackupError(
                found=f"A link or a folder lies where {name[:100]} belongs.",
                why="The file would land somewhere else.",
                do="Name an empty folder, or move away what lies there.",
            )
        if not place.exists():
            todo[name] = place
        elif place.stat().st_size != entry.bytes or file_sha256(place) != entry.sha256:
            todo[name] = place
            others.append(name)
    if others and not force:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        raise BackupError(
            found=f"Files that differ are there already: {', '.join(name[:100] for name in others[:3])}{more}.",
            why="They would be lost.",
            do="Name an empty folder, or replace them with --force.",
        )
    return todo


def _move(staged: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    staged.replace(place)
    sync_folder(place.parent)


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """An empty folder on the same disk, gone afterwards; its name begins with a dot, so no listing sees it."""
    staged = folder / f".restore-{secrets.token_hex(6)}"
    staged.mkdir(parents=True)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _require_room(folder: Path, manifest: Manifest) -> None:
    needed, free = sum(entry.bytes for entry in manifest.files.values()), shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            found=f"The backup holds {needed / 2**20:,.0f} MiB, and {free / 2**20:,.0f} MiB are free.",
            why="Half of a shelf is none.",
            do="Make room, or name a folder on another disk.",
        )


def _member(number: int) -> str:
    return f"files/{number:06d}"


def _damaged(what: str) -> BackupError:
    return BackupError(
        found=f"The backup is damaged or is none: {what}.",
        why="Nothing of it was put in place.",
        do="Take another copy, or an older backup.",
    )
