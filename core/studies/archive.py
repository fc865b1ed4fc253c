"""Zip archives, unpacked within bounds and under names of our own.

Owns the limits (count, total, ratio, nesting). A member's name is never used as a path and never shown.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import DamagedFile, StudyError, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies.sniff import Format, sniff
from core.studies.sources import Source

_CHUNK: Final = 1 << 20
_RATIO_FLOOR: Final = 1 << 20
"""Bytes. Below one MiB a high ratio is a small empty picture, not a bomb."""
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_ENCRYPTED: Final = 0x1


def unpack(archive: Source, folder: Path) -> list[Source]:
    """The members of an archive as files in `folder`, named by their number, empty ones left out.

    Raises
    ------
    DamagedFile : the archive is broken. UnsupportedFile : encrypted members, links, an archive inside.
    TooLarge : too many files, too many bytes, or too high a ratio.
    """
    return [source for source, _ in unpack_named(archive, folder)]


def unpack_named(archive: Source, folder: Path) -> list[tuple[Source, str]]:
    """The same with each member's own name, for whoever reads labels in it; it is never a path and never shown.

    Errors as `unpack`.
    """
    folder.mkdir(parents=True)
    sources: list[tuple[Source, str]] = []
    left = settings().unpacked_mib << 20
    with _opened(archive) as bundle:
        members = _checked_members(archive, bundle)
        allowed = max(_RATIO_FLOOR, settings().archive_ratio * archive.size)
        for number, member in enumerate(members, start=1):
            source = Source(f"{archive.name}/{number:03d}", folder / f"{number:05d}")
            written = _write(bundle, member, source, min(left, allowed), archive.name)
            left, allowed = left - written, allowed - written
            if written:
                sources.append((source, member.filename))
    for source, _ in sources:
        if sniff(source) is Format.ZIP:
            raise UnsupportedFile(
                found=f"{archive.name} holds an archive inside an archive.",
                why="Nested archives are how harmless-looking files unpack without end.",
                do="Unpack the outer one and bring the inner one.",
            )
    return sources


@contextmanager
def _opened(archive: Source) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive.path) as bundle:
            yield bundle
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError) as fault:
        raise DamagedFile(
            found=f"{archive.name} is a zip archive that ends early or contradicts itself.",
            why="Files in it may be missing.",
            do="Pack or copy the archive again.",
        ) from fault


def _checked_members(archive: Source, bundle: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that are files, after the checks that the directory of the archive allows."""
    infos = bundle.infolist()
    if len(infos) > settings().archive_files:
        raise _too_large(archive.name, f"{len(infos)} files", f"{settings().archive_files} files")
    members = [info for info in infos if not info.is_dir()]
    for info in members:
        if info.flag_bits & _ENCRYPTED:
            raise _refusal(archive.name, "encrypted files", "They cannot be read without a password.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refusal(archive.name, "links", "A link could point to a file outside the archive.")
        if info.compress_type not in _METHODS:
            raise _refusal(archive.name, "files packed by an unknown method", "They cannot be unpacked here.")
    # What the directory claims is only a quick no; what comes out is counted while it comes.
    if sum(info.file_size for info in members) > settings().unpacked_mib << 20:
        raise _too_large(archive.name, "more bytes than a study may have", f"{settings().unpacked_mib} MiB")
    return [info for info in members if not _is_clutter(info.filename)]


def _is_clutter(name: str) -> bool:
    """Files that an operating system adds unasked."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1] in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _write(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, source: Source, budget: int, name: str) -> int:
    written = 0
    with bundle.open(member) as packed, source.path.open("xb") as out:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > budget:
                limits = f"{settings().unpacked_mib} MiB, or {settings().archive_ratio} times its size"
                raise _too_large(name, "more bytes than an archive of its size may", limits)
            out.write(chunk)
    return written


def _refusal(name: str, what: str, why: str) -> StudyError:
    return UnsupportedFile(found=f"{name} holds {what}.", why=why, do="Pack the image files alone, as plain files.")


def _too_large(name: str, what: str, limit: str) -> TooLarge:
    return TooLarge(found=f"{name} unpacks to {what}.", why=f"The limit is {limit}.", do="Bring one study at a time.")
