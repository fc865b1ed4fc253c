"""Decoding: our codec of each transfer syntax against the fastest of the others that are installed.

All decode through pydicom, so that its own work is in every figure; the films are made here, with the noise of a
detector, and their pixels are compared. `make test` installs two codecs that the app itself does not need.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian

from benchmarks.compare import Row
from benchmarks.measure import Timed, alternate
from core.studies.dicom_pixels import CODECS

SIDE = 1760
BITS = 12

Encode = Callable[[NDArray[Any]], bytes]


def _pillow_jpeg(film: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=90)
    return stream.getvalue()


ENCODERS: dict[str, Encode | None] = {
    "1.2.840.10008.1.2.5": None,  # pydicom's own encoder
    "1.2.840.10008.1.2.4.50": _pillow_jpeg,
    "1.2.840.10008.1.2.4.70": partial(imagecodecs.jpeg8_encode, lossless=True, predictor=1),
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.81": partial(imagecodecs.jpegls_encode, level=3),
    "1.2.840.10008.1.2.4.90": partial(imagecodecs.jpeg2k_encode, codecformat="j2k", reversible=True),
    "1.2.840.10008.1.2.4.91": partial(imagecodecs.jpeg2k_encode, codecformat="j2k", level=50),
}
"""Every compressed syntax of the films at hand that more than one codec here can read."""


def rows(rounds: int = 5) -> list[Row]:
    """A row a syntax; usual: the fastest of the other codecs."""
    return [_row(UID(syntax), encode, rounds) for syntax, encode in ENCODERS.items()]


def _row(syntax: UID, encode: Encode | None, rounds: int) -> Row:
    header, ours = _film(syntax, encode), CODECS[str(syntax)]
    decoder = get_decoder(syntax)

    def decode(plugin: str) -> NDArray[Any]:
        return decoder.as_array(header, decoding_plugin=plugin)[0]

    timed, quiet = alternate({plugin: partial(decode, plugin) for plugin in decoder.available_plugins}, rounds=rounds)
    others = {plugin: found for plugin, found in timed.items() if plugin != ours}
    best = min(others, key=lambda plugin: others[plugin].median_s)
    return Row(
        what=f"{syntax.name.partition(',')[0]}, {SIDE} x {SIDE}: {ours} against {best}",
        usual=others[best].median_s * 1000,
        ours=timed[ours].median_s * 1000,
        unit="ms",
        cpu_ratio=others[best].median_cpu_s / max(timed[ours].median_cpu_s, 1e-9),
        difference=_apart(timed[ours], others[best]),
        quiet=quiet,
        rounds=len(timed[ours].wall_s),
        detail={plugin: {"wall_s": found.wall_s, "cpu_s": found.cpu_s} for plugin, found in timed.items()},
    )


def _apart(one: Timed, other: Timed) -> str:
    apart = int(np.abs(one.answer.astype(np.int64) - other.answer.astype(np.int64)).max())
    return "none" if not apart else f"largest {apart}"


def _film(syntax: UID, encode: Encode | None) -> Dataset:
    """A soft ramp with the noise of a detector, as a DICOM data set in that syntax."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE)) / 2
    values = np.clip(ramp * 3500 + rng.normal(0, 20, ramp.shape) + 200, 0, 2**BITS - 1).astype(np.uint16)
    eight = syntax.endswith("4.50")
    film = (values // 16).astype(np.uint8) if eight else values
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.Rows, header.Columns = film.shape
    header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 0
    header.BitsAllocated, header.BitsStored = 8 * film.dtype.itemsize, 8 if eight else BITS
    header.HighBit = header.BitsStored - 1
    header.SOPClassUID, header.SOPInstanceUID = UID("1.2.840.10008.5.1.4.1.1.1"), UID("1.2.3")
    header.PixelData = film.tobytes()
    if encode is None:
        header.compress(syntax, generate_instance_uid=False)
    else:
        header.PixelData = encapsulate([encode(film)])
        header["PixelData"].VR = "OB"
        header.file_meta.TransferSyntaxUID = syntax
    return header
