"""What a file is, told from its first bytes and never from its name.

Owns the list of signatures: the kinds that have a reader, and those that are only recognised so
that a refusal can name them. Reading is left to the readers.
"""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import Final

from core.errors import DamagedFile, UnsupportedFile
from core.studies.sources import Source

HEAD_BYTES: Final = 1024
"""Enough for every signature here: a NIfTI-2 header has 540 bytes, a tar's magic lies at 257."""


class Format(StrEnum):
    """A kind of file that has a reader."""

    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    DICOM = "DICOM"
    NIFTI = "NIfTI"
    NIFTI_GZ = "NIfTI, gzip"
    NIFTI_HEADER = "NIfTI header of a pair"
    ZIP = "zip archive"
    OTHER = "other"


_RECOGNISED_ONLY: Final = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (4, b"ftyp", "a HEIF picture or a film clip"),
    (0, b"%PDF", "a PDF document"),
    (0, b"NRRD", "an NRRD image"),
    (0, b"ObjectType", "a MetaImage header"),
    (0, b"\x89HDF", "an HDF5 or MINC file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ", "an xz file"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (0, b"\x80\x02", "a pickle"),
    (0, b"\x80\x04", "a pickle"),
    (0, b"\x93NUMPY", "a NumPy array"),
)
PICTURES: Final = frozenset({Format.PNG, Format.JPEG, Format.TIFF, Format.BMP, Format.WEBP})
"""Those that `raster` reads: one picture each, without a header that tells what it shows."""

_TIFF_STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Both byte orders, with offsets of 32 bits and of 64 (BigTIFF)."""
_BMP_HEADERS: Final = {12, 16, 40, 52, 56, 64, 108, 124}
"""Lengths of the header that follows the file header; two letters alone would claim any text that begins with BM."""
_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_NIFTI_SIZES: Final = {b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c"}
"""The first four bytes are the header's length, 348 or 540, in the file's own byte order."""


def sniff(source: Source) -> Format:
    """The format of a file's content; `OTHER` when no reader claims it.

    Raises
    ------
    DamagedFile : the file is empty.
    """
    head = source.head(HEAD_BYTES)
    if not head:
        raise DamagedFile(
            found=f"{source.name} is empty.",
            why="There is nothing in it to show.",
            do="Copy the file again from where it came.",
        )
    return _claim(head)


def _claim(head: bytes) -> Format:
    # First: the 128 bytes before it are the writer's own, and some put a TIFF header there (PS3.10 section 7.1).
    if head[128:132] == b"DICM":
        return Format.DICOM
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(_TIFF_STARTS):
        return Format.TIFF
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Format.BMP
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format.WEBP
    if head.startswith(_ZIP_STARTS):
        return Format.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Format.NIFTI_GZ if nifti_magic(_inflate_start(head)) == b"n+" else Format.OTHER
    if (magic := nifti_magic(head)) is not None:
        return Format.NIFTI if magic == b"n+" else Format.NIFTI_HEADER
    if _bare_dicom(head):
        return Format.DICOM
    return Format.OTHER


def nifti_magic(head: bytes) -> bytes | None:
    """`n+` of a single NIfTI file, `ni` of a header whose image is a file of its own, None of anything else."""
    if head[:4] not in _NIFTI_SIZES:
        return None
    magic = head[344:347] if head[:4] in {b"\x5c\x01\0\0", b"\0\0\x01\x5c"} else head[4:7]
    return magic[:2] if magic in {b"n+1", b"n+2", b"ni1", b"ni2"} else None


def _inflate_start(head: bytes) -> bytes:
    """The first bytes inside a gzip stream; as many as its first KiB gives."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _bare_dicom(head: bytes) -> bool:
    """Whether a data set begins without the 128-byte preamble, as old archives write it.

    The first element then is of group 2 or 8, and either names a value representation or has a
    length that fits a header (PS3.5 section 7.1).
    """
    if len(head) < 16 or head[:2] not in {b"\x02\0", b"\x08\0"} or head[3] != 0:
        return False
    explicit = head[4:6] in {b"UL", b"UI", b"CS", b"SH", b"LO", b"DA", b"TM", b"OB"}
    return explicit or (head[2] <= 0x18 and 0 < int.from_bytes(head[4:8], "little") <= 64)


def refuse_unknown(source: Source) -> UnsupportedFile:
    """The refusal for a file that no reader claims, naming what it is where we know."""
    head = source.head(HEAD_BYTES)
    what = next((name for at, magic, name in _RECOGNISED_ONLY if head[at : at + len(magic)] == magic), None)
    if what is None and head.startswith(b"\x1f\x8b"):
        what = "a gzip file without a NIfTI volume in it"
    if what is None and head[:4] in _NIFTI_SIZES:
        what = "an Analyze 7.5 header, which does not tell left from right"
    if what is None and _looks_like_text(head):
        what = "a text file"
    return UnsupportedFile(
        found=f"{source.name} is {what or 'of a kind we do not know'}.",
        why="We read films as DICOM, PNG, JPEG, TIFF, BMP or WebP, and volumes as NIfTI or DICOM series.",
        do="Export it in one of these, without editing the pixels.",
    )


def _looks_like_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\r\n\t" for character in text)
