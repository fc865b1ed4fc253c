"""DICOM pixels: decoding by named codecs, the modality table, the window.

Owns the list of codecs (one for each transfer syntax) and the order of the tables: modality first, then VOI
(PS3.3 sections C.11.1 and C.11.2). What the picture is used for is left to `film` and `series`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import iter_pixels

from core.errors import TooLarge, UnsupportedFile
from core.settings import settings
from core.studies import codecs
from core.studies.dicom_header import frames_of, syntax_name
from core.studies.faults import DECODER_FAULTS, damaged, is_decoder_fault
from core.studies.study import Window

Stored = NDArray[Any]  # integers as decoded, (rows, columns) or (rows, columns, samples)
Values = NDArray[np.float64]  # after the modality table, same shape

CODECS: Final = {
    "1.2.840.10008.1.2": "",
    "1.2.840.10008.1.2.1": "",
    "1.2.840.10008.1.2.1.99": "",
    "1.2.840.10008.1.2.2": "",
    "1.2.840.10008.1.2.5": "pylibjpeg",  # RLE
    "1.2.840.10008.1.2.4.50": "pillow",  # JPEG baseline
    "1.2.840.10008.1.2.4.51": codecs.LABEL,  # JPEG extended; its 8-bit form is baseline under another name
    "1.2.840.10008.1.2.4.57": codecs.LABEL,  # JPEG lossless
    "1.2.840.10008.1.2.4.70": codecs.LABEL,
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": codecs.LABEL,  # JPEG 2000
    "1.2.840.10008.1.2.4.91": codecs.LABEL,
    "1.2.840.10008.1.2.4.201": codecs.LABEL,  # high-throughput JPEG 2000
    "1.2.840.10008.1.2.4.202": codecs.LABEL,
    "1.2.840.10008.1.2.4.203": codecs.LABEL,
}
"""One codec a syntax, so that a file decodes to the same pixels on every machine; `make bench` compares their speed."""
codecs.register()
_NO_WINDOW: Final = 1e30
"""A centre or width from here on is damage: no detector has such values, and arithmetic with them overflows."""


def require_size(name: str, header: Dataset) -> None:
    """Refuse what would decode to more than a limit, from the header alone.

    Raises
    ------
    TooLarge, DamagedFile
    """
    rows, columns, frames = int(header.Rows or 0), int(header.Columns or 0), frames_of(header)
    if rows < 1 or columns < 1 or frames < 1:
        raise damaged(name, "a DICOM file")
    if rows * columns > settings().raster_megapixels * 10**6:
        raise TooLarge(
            found=f"{name} has {rows} x {columns} pixels.",
            why=f"The limit is {settings().raster_megapixels} million.",
            do="Export it smaller, or raise READROOM_RASTER_MEGAPIXELS.",
        )
    if rows * columns * frames > settings().volume_mega_voxels * 10**6:
        raise TooLarge(
            found=f"{name} has {frames} frames of {rows} x {columns} pixels.",
            why=f"The limit is {settings().volume_mega_voxels} million voxels.",
            do="Export fewer frames, or raise READROOM_VOLUME_MEGA_VOXELS.",
        )


def decode_frames(name: str, header: Dataset, frames: Sequence[int]) -> Iterator[Stored]:
    """The named frames as stored, little endian, before any table.

    Raises
    ------
    UnsupportedFile : no codec for the transfer syntax, or floating point pixels.
    DamagedFile : the pixel data are missing, short or broken.
    """
    syntax = str(header.file_meta.TransferSyntaxUID)
    if syntax not in CODECS:
        raise UnsupportedFile(
            found=f"{name} is compressed as {syntax_name(header)}.",
            why="There is no decoder for it here.",
            do="Export it uncompressed, or as JPEG 2000 or JPEG-LS.",
        )
    require_size(name, header)
    if "PixelData" not in header:
        raise UnsupportedFile(
            found=f"{name} has the header of a picture and no pixel data.",
            why="There is nothing to show.",
            do="Export it again with its pixels.",
        )
    try:
        for frame in iter_pixels(header, indices=list(frames), decoding_plugin=CODECS[syntax]):
            yield frame if frame.dtype.byteorder != ">" else frame.astype(frame.dtype.newbyteorder("<"))
    except BaseException as fault:
        if not is_decoder_fault(fault):
            raise
        raise damaged(name, f"a DICOM file in {syntax_name(header)}") from fault


def modality_values(stored: Stored, header: Dataset) -> Values:
    """Stored values through the modality table or slope and intercept (PS3.3 C.11.1)."""
    if header.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(stored, header), dtype=np.float64)
    slope, intercept = modality_line(header)
    return stored.astype(np.float64) * slope + intercept


def modality_line(header: Dataset) -> tuple[float, float]:
    """Rescale slope and intercept, (1, 0) where absent; a slope of 0 or not finite counts as absent."""
    slope = float(header.get("RescaleSlope") or 1.0)
    intercept = float(header.get("RescaleIntercept") or 0.0)
    return (slope, intercept) if np.isfinite(slope) and np.isfinite(intercept) else (1.0, 0.0)


def value_range(header: Dataset) -> tuple[float, float]:
    """Smallest and largest value that the stored bits can give after the modality table."""
    if header.get("ModalityLUTSequence") and (table := _table(header.ModalityLUTSequence[0])) is not None:
        return float(table[1].min()), float(table[1].max())
    ends = [end * slope + intercept for end in stored_range(header) for slope, intercept in [modality_line(header)]]
    return min(ends), max(ends)


def stored_range(header: Dataset) -> tuple[int, int]:
    """Smallest and largest number that the stored bits can hold."""
    bits = bits_of(header)
    signed = int(header.get("PixelRepresentation") or 0) == 1
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def bits_of(header: Dataset) -> int:
    """Bits stored for each sample."""
    return int(header.get("BitsStored") or header.BitsAllocated)


def turned_over(window: Window, low: float, high: float) -> Window:
    """The window of values that were turned over as (low + high) - value."""
    return Window(low + high - window.high, low + high - window.low, window.source)


def header_window(header: Dataset) -> Window | None:
    """The first VOI window or table of a header as a grey range, in values after the modality table.

    LINEAR follows PS3.3 C.11.2.1.2.1 (black at c - 0.5 - (w - 1) / 2), LINEAR_EXACT and SIGMOID take c ± w / 2.
    A VOI table is shown by the range over which it rises.
    """
    try:
        centre, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    except ValueError:  # words where numbers should be: the film is whole without its window
        return None
    if centre is not None and width is not None:
        if not (abs(centre) < _NO_WINDOW and 1e-6 <= width < _NO_WINDOW):
            return None
        if str(header.get("VOILUTFunction") or "LINEAR") == "LINEAR" and width > 1:
            half = (width - 1) / 2
            return Window(centre - 0.5 - half, centre - 0.5 + half, "header")
        return Window(centre - width / 2, centre + width / 2, "header")
    if header.get("VOILUTSequence"):
        return _table_window(header.VOILUTSequence[0])
    return None


def _table_window(item: Dataset) -> Window | None:
    """The range over which a VOI table goes from 1 % to 99 % of its rise."""
    found = _table(item)
    if found is None or found[1].max() <= found[1].min():
        return None
    first, table = found
    share = (table - table.min()) / (table.max() - table.min())
    inside = np.flatnonzero((share > 0.01) & (share < 0.99))
    low, high = (inside[0], inside[-1]) if inside.size > 1 else (0, table.size - 1)
    return Window(float(first + low), float(first + high), "header")


def _table(item: Dataset) -> tuple[int, Values] | None:
    """First value mapped and the entries of a lookup table (PS3.3 C.11.1.1.1); None where it is broken."""
    try:
        count, first, _ = (int(value) for value in item.LUTDescriptor)
        data = item.LUTData
        entries = np.frombuffer(data, dtype="<u2") if isinstance(data, bytes) else np.asarray(data)
    except DECODER_FAULTS:
        return None
    table = entries.astype(np.float64)[: count or 2**16]  # a count of 0 stands for 65,536
    return (first, table) if table.size > 1 else None


def _first(value: Any) -> float | None:  # Any: nothing, one number or a list of numbers
    if value is None or value == "" or (isinstance(value, MultiValue) and not len(value)):
        return None
    return float(value[0]) if isinstance(value, MultiValue) else float(value)
