"""imagecodecs as a decoder of pydicom: the fastest one here for JPEG of 12 bits, lossless JPEG and JPEG 2000.

Owns the translation between the two; which syntax is decoded by which codec is `dicom_pixels`' table. pydicom ships
no plugin for this library, and asks a plugin for the three public names below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

LABEL: Final = "imagecodecs"

DECODER_DEPENDENCIES: Final = {
    UID(f"1.2.840.10008.1.2.4.{number}"): ("numpy", "imagecodecs") for number in (51, 57, 70, 90, 91, 201, 202, 203)
}
"""The syntaxes, and what decoding them needs."""

_JPEG: Final = {UID(f"1.2.840.10008.1.2.4.{number}") for number in (51, 57, 70)}

THREADS: Final = 2
"""Of a JPEG 2000 decoder; more bring little for the size of a film."""


def is_available(uid: str) -> bool:
    """Whether this plugin decodes a syntax; the library itself is always installed."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """The pixels of one frame, by pixel, in containers as wide as the stream's own precision asks for.

    Raises
    ------
    ValueError : the stream holds another size than the header states.
    RuntimeError : the library cannot read it.
    """
    import imagecodecs

    if runner.transfer_syntax in _JPEG:
        pixels = imagecodecs.jpeg8_decode(src)
        # Lossy ringing overshoots the bits that the header states; cut off, a white pixel would turn black.
        pixels = np.minimum(pixels, 2**runner.bits_stored - 1, dtype=pixels.dtype)
    else:
        pixels = imagecodecs.jpeg2k_decode(src, numthreads=THREADS)
        if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):  # undone by the decoder
            runner.set_option("photometric_interpretation", "RGB")
    wanted = (runner.rows, runner.columns, *((runner.samples_per_pixel,) if runner.samples_per_pixel > 1 else ()))
    if pixels.shape != wanted:
        raise ValueError(f"the stream holds {pixels.shape} pixels, the header states {wanted}")
    runner.set_option("bits_allocated", 8 * pixels.dtype.itemsize)
    runner.set_option("planar_configuration", 0)
    return bytes(pixels.tobytes())


def register() -> None:
    """Make it known to pydicom, once in a process."""
    for uid in DECODER_DEPENDENCIES:
        decoder = get_decoder(uid)
        if LABEL not in decoder.available_plugins:
            decoder.add_plugin(LABEL, (__name__, decode_frame.__name__))
