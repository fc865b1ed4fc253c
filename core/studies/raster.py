"""A film stored as a picture: PNG, JPEG, TIFF, BMP or WebP, any depth and colour model, turned as EXIF says.

Owns decoding with Pillow and the sentences about what was changed; what only TIFF has is in `tiff`.
"""

from __future__ import annotations

import hashlib
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from core.errors import TooLarge
from core.settings import settings
from core.studies import tiff
from core.studies.faults import DECODER_FAULTS, damaged
from core.studies.film_checks import film_warnings, require_finite
from core.studies.grey import to_grey
from core.studies.notes import Notes
from core.studies.sniff import Format
from core.studies.sources import Source
from core.studies.study import Geometry, IngestReport, Kind, Study
from core.studies.windows import bit_depth_window, percentile_window

_ORIENTATION_TAG: Final = 0x0112
_PNG_DEPTH_AT: Final = 24  # signature 8, length and type 8, width and height 8
_TEXT_KEYS: Final = {"comment": "comment", "xmp": "XMP", "XML:com.adobe.xmp": "XMP", "photoshop": "Photoshop (IPTC)"}
_TECHNICAL_KEYS: Final = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression", "dpi", "gamma", "srgb",
    "chromaticity", "interlace", "transparency", "exif", "icc_profile", "adobe", "adobe_transform", "aspect",
    "default_image", "loop", "duration", "disposal", "blend", "bbox", "background", "mp", "mpoffset", "compression",
    "resolution", "timestamp",
}  # fmt: skip
"""What Pillow reports beside the pixels that is no text of a person's."""


def read_raster(source: Source, kind: Format) -> Study:
    """A picture as a film: pixels (1, rows, columns) in the file's own grey levels.

    Raises
    ------
    DamagedFile, TooLarge, UnsupportedFile
    """
    notes = Notes()
    try:
        with warnings.catch_warnings():
            # Pillow warns below its own bomb limit; ours is checked in _decode before any pixel is.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # By stream, not by path: from a path Pillow 13 maps a plain TIFF into memory and turns it wrongly.
            with source.path.open("rb") as stream, Image.open(stream, formats=[kind.value]) as picture:
                stored, upright = _decode(picture, source, notes)
                identifiers = _identifiers(picture)
                frames = getattr(picture, "n_frames", 1)
    except Image.DecompressionBombError as bomb:
        raise _too_large(source.name, "more pixels than any film") from bomb
    except UnidentifiedImageError as fault:
        raise tiff.refusal(source.name) if kind is Format.TIFF else damaged(source.name, f"a {kind} picture") from fault
    except DECODER_FAULTS as fault:
        raise damaged(source.name, f"a {kind} picture") from fault
    require_finite(source.name, upright)
    bits = stored.dtype.itemsize * 8
    values = _to_grey(upright, notes)
    _add_warnings(values, frames, notes)
    report = IngestReport(
        recognised=f"{kind} picture",
        files=1,
        sha256=source.sha256(),
        pixel_sha256=hashlib.sha256(np.ascontiguousarray(stored).tobytes()).hexdigest(),
        shape=(int(values.shape[0]), int(values.shape[1])),
        spacing_mm=None,
        orientation=None,
        bits_stored=bits,
        changed=tuple(notes.changed),
        warnings=tuple(notes.warnings),
        identifiers_removed=identifiers,
    )
    return Study(
        kind=Kind.FILM,
        pixels=values[np.newaxis],
        channels=("image",),
        windows=(bit_depth_window(8) if bits == 8 else percentile_window(values),),
        geometry=Geometry(spacing_mm=None),
        report=report,
    )


def _decode(picture: Image.Image, source: Source, notes: Notes) -> tuple[NDArray[Any], NDArray[Any]]:
    """The decoded array as stored, and the same turned upright; (rows, columns) or (rows, columns, 1 to 4)."""
    if picture.width * picture.height > settings().raster_megapixels * 10**6:
        raise _too_large(source.name, f"{picture.height} x {picture.width} pixels")
    if picture.format == "PNG" and source.head(_PNG_DEPTH_AT + 1)[-1] == 16 and not picture.mode.startswith("I"):
        notes.changed.append("16-bit colour was read with 8 bits a channel")
    turn = picture.getexif().get(_ORIENTATION_TAG, 1)
    picture.load()
    if picture.mode == "P":
        notes.changed.append("palette colours were looked up")
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in {"L", "LA", "RGB", "RGBA"} and not picture.mode.startswith(("I", "F")):
        notes.changed.append(f"{picture.mode} colours were converted")
        picture = picture.convert("RGB")
    stored = _array(picture)
    if isinstance(picture, TiffImageFile) and tiff.is_white_zero(picture):
        stored = tiff.turned_over(source.name, stored)
        notes.changed.append("white was stored as zero and turned over: high values are white")
    if turn not in range(2, 9):
        return stored, stored
    notes.changed.append("turned upright as EXIF says")
    # Of a TIFF the library has turned the pixels already while loading them.
    return stored, stored if picture.format == "TIFF" else _array(ImageOps.exif_transpose(picture))


def _array(picture: Image.Image) -> NDArray[Any]:
    array = np.asarray(picture)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    # Mode I holds 16-bit greys in 32 bits where the file has 16.
    return array.astype(np.uint16) if picture.mode == "I" and array.min() >= 0 and array.max() < 2**16 else array


def _to_grey(upright: NDArray[Any], notes: Notes) -> NDArray[np.float32]:
    if upright.ndim == 2:
        return np.ascontiguousarray(upright, dtype=np.float32)
    colour, alpha = upright[..., : upright.shape[2] - 1 + upright.shape[2] % 2], None
    if upright.shape[2] in {2, 4}:
        alpha = upright[..., -1]
    if colour.shape[2] == 1:
        grey = colour[..., 0].astype(np.float32)
    else:
        grey, how = to_grey(colour)
        notes.changed.append(how)
    if alpha is not None and alpha.min() < 255:
        notes.changed.append("transparency was laid on black")
        grey = grey * (alpha.astype(np.float32) / 255.0)
    return np.ascontiguousarray(grey, dtype=np.float32)


def _add_warnings(values: NDArray[np.float32], frames: int, notes: Notes) -> None:
    if frames > 1:
        notes.warnings.append(f"The file holds {frames} pictures; the first is shown.")
    notes.warnings.extend(film_warnings(values))


def _identifiers(picture: Image.Image) -> tuple[str, ...]:
    """Names of EXIF tags and kinds of text beside the pixels; a PNG text's own key may be a name and is not told."""
    found: set[str] = set()
    texts = 0
    for key in picture.info:
        if key in _TEXT_KEYS:
            found.add(_TEXT_KEYS[key])
        elif key not in _TECHNICAL_KEYS:
            texts += 1
    exif = picture.getexif()
    technical = {_ORIENTATION_TAG} | (tiff.LAYOUT_TAGS if picture.format == "TIFF" else set())
    for block in (exif, exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)):
        found.update(f"Exif.{ExifTags.TAGS.get(tag, 'unknown')}" for tag in block if tag not in technical)
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        found.add("Exif.GPSInfo")
    return (*sorted(found), *((f"text ({texts})",) if texts else ()))


def _too_large(name: str, what: str) -> TooLarge:
    return TooLarge(
        found=f"{name} has {what}.",
        why=f"The limit is {settings().raster_megapixels} million.",
        do="Export it smaller, or raise READROOM_RASTER_MEGAPIXELS.",
    )
