"""What a third-party decoder may raise on a damaged file, in one place.

Owns the list and the sentence; the readers translate where the call is made.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, cast

from isal.igzip_lib import IsalError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from pydicom.errors import BytesLengthException, InvalidDicomError

from core.errors import DamagedFile

DECODER_FAULTS: Final[tuple[type[Exception], ...]] = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # NotImplementedError and RecursionError are kinds of it
    AssertionError,
    EOFError,
    OSError,
    SyntaxError,  # how Pillow reports a broken PNG
    struct.error,
    zlib.error,
    cast("type[Exception]", IsalError),  # its stub calls the class an instance
    HeaderDataError,
    WrapStructError,
    BytesLengthException,
    InvalidDicomError,
)
"""Decoders are not written to one contract: pydicom, Pillow and the codecs were seen to raise each of these on
damaged bytes. Anything else is a fault of ours and is reported as one by the isolated worker."""


def is_decoder_fault(fault: BaseException) -> bool:
    """Whether a decoder raised it: one of DECODER_FAULTS, or the panic of a codec written in Rust.

    The panic is no `Exception`, and its class cannot be imported: each such library makes its own.
    """
    return isinstance(fault, DECODER_FAULTS) or type(fault).__name__ == "PanicException"


def damaged(name: str, what: str) -> DamagedFile:
    """The refusal for a file of a known kind whose bytes cannot be decoded."""
    return DamagedFile(
        found=f"{name} is {what}, but its content ends early or contradicts itself.",
        why="Showing the part that decodes could hide a finding.",
        do="Copy or export the file again.",
    )
