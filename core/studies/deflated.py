"""Deflated DICOM data sets, bounded before the library inflates one whole.

Owns the measuring only; reading is left to `dicom_header`.
"""

from __future__ import annotations

import zlib
from typing import Final

from core.errors import TooLarge
from core.settings import settings
from core.studies.sources import Source

_SYNTAX: Final = b"1.2.840.10008.1.2.1.99"
_HEAD: Final = 4096
_META_LENGTH_AT: Final = 140  # preamble 128, "DICM" 4, tag 4, "UL" 2, length 2
_CHUNK: Final = 1 << 20
_RATIO_FLOOR: Final = 1 << 20
"""Bytes. Below one MiB a high ratio is a small empty picture, not a bomb (as in `archive`)."""


def require_bounded(source: Source) -> None:
    """Refuse a deflated data set that would grow past the limits of an archive; others are not looked at.

    The stream is inflated piece by piece and thrown away. One that is damaged, or does not begin where the header
    says, is left for the library to refuse.

    Raises
    ------
    TooLarge
    """
    head = source.head(_HEAD)
    if _SYNTAX not in head:
        return
    limits = settings()
    left = min(limits.unpacked_mib << 20, max(_RATIO_FLOOR, limits.archive_ratio * source.size))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # a bare stream, without a header (PS3.5 section A.5)
    with source.path.open("rb") as stream:
        stream.seek(_META_LENGTH_AT + 4 + int.from_bytes(head[_META_LENGTH_AT : _META_LENGTH_AT + 4], "little"))
        packed = stream.read(_CHUNK)
        try:
            while packed and not inflate.eof:
                left -= len(inflate.decompress(packed, _CHUNK))
                if left < 0:
                    raise _too_large(source.name)
                packed = inflate.unconsumed_tail or stream.read(_CHUNK)
        except zlib.error:
            return


def _too_large(name: str) -> TooLarge:
    return TooLarge(
        found=f"{name} is a deflated DICOM file that grows to more bytes than one of its size may.",
        why=f"The limit is {settings().unpacked_mib} MiB, or {settings().archive_ratio} times its size.",
        do="Export it uncompressed, or as JPEG 2000 or JPEG-LS.",
    )
