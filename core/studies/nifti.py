"""A NIfTI volume: NIfTI-1 or -2, single or pair, plain or gzip, either byte order, any orientation.

Owns which of several volumes is taken, reading its voxels to the end, and scaling. What the header says is checked
in `nifti_header`, where the volume lies in `nifti_affine`.
"""

from __future__ import annotations

import hashlib
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import Choice, ChoiceNeeded, DamagedFile
from core.studies.geometry import oblique_warnings
from core.studies.nifti_affine import find_geometry
from core.studies.nifti_header import NiftiHeader, free_text_in, open_nifti, read_nifti_header, recognised
from core.studies.sources import Source, study_sha256
from core.studies.study import IngestReport, Kind, Study
from core.studies.windows import percentile_window

_CHUNK: Final = 1 << 20
"""Voxels, or bytes to skip, at a time."""


def read_nifti(source: Source, *, image: Source | None = None, volume: int | None = None) -> Study:
    """A NIfTI volume as a study: pixels (1, i, j, k) in the file's own axis order, after its scale and offset.

    image : of a pair, the file with the voxels. volume : which of several, from 0.

    Raises
    ------
    ChoiceNeeded : several volumes and none chosen.
    DamagedFile, UnsupportedFile, GeometryError, TooLarge
    """
    header = read_nifti_header(source)
    if header.pair and image is None:
        raise DamagedFile(
            found=f"{source.name} is the header of a NIfTI pair, and its image file is not there.",
            why="The header alone has no voxels.",
            do="Bring both files, .hdr and .img, together.",
        )
    index = choose_volume(source.name, header.volumes, volume)
    geometry, notes = find_geometry(source.name, header.raw)
    values, digest = _read_voxels(image or source, header, index)
    changed, doubts = _replace_not_finite(values)
    if _scaling(header) is not None:
        changed = ("scale and offset of the header were applied", *changed)
    if header.volumes > 1:
        changed = (f"volume {index} of {header.volumes} was taken, counted from 0", *changed)
    pixels = values.reshape((1, *header.shape), order="F")
    files = [source] if image is None else [source, image]
    report = IngestReport(
        recognised=recognised(source, header),
        files=len(files),
        sha256=study_sha256(file.sha256() for file in files),
        pixel_sha256=digest,
        shape=header.shape,
        spacing_mm=geometry.spacing_mm,
        orientation=geometry.orientation,
        volumes=header.volumes,
        bits_stored=header.dtype.itemsize * 8,
        changed=(*notes.changed, *changed),
        warnings=(*notes.warnings, *oblique_warnings(geometry), *doubts),
        identifiers_removed=free_text_in(source, header),
    )
    window = percentile_window(pixels)
    return Study(Kind.VOLUME, pixels, ("image",), (window,), geometry, report)


def choose_volume(name: str, volumes: int, volume: int | None) -> int:
    """The index of the volume to read.

    Raises
    ------
    ChoiceNeeded : there are several and none, or one that is not there, was chosen.
    """
    if volume is None and volumes == 1:
        return 0
    if volume is not None and 0 <= volume < volumes:
        return volume
    asked = "" if volume is None else f" Volume {volume} is not one of them."
    raise ChoiceNeeded(
        found=f"{name} holds {volumes} volume(s), numbered 0 to {volumes - 1}.{asked}",
        why="One study is one volume.",
        do="Choose a volume by its number.",
        choices=tuple(Choice(str(number), f"volume {number} of {volumes}") for number in range(volumes)),
    )


def _read_voxels(image: Source, header: NiftiHeader, index: int) -> tuple[NDArray[np.float32], str]:
    """One volume after scale and offset, flat, in file order; and the hash of its stored numbers, little endian.

    Converted while it comes, so that a large volume is in memory once. The rest of the file is read to its end:
    only there damage to a gzip stream shows.
    """
    values = np.empty(header.volume_bytes // header.dtype.itemsize, dtype=np.float32)
    digest, at = hashlib.sha256(), 0
    with open_nifti(image) as stream:
        _skip(stream, header.data_at + index * header.volume_bytes)
        while at < values.size:
            count = min(_CHUNK, values.size - at)
            stored = np.frombuffer(_read_exactly(stream, count * header.dtype.itemsize), dtype=header.dtype)
            digest.update(stored.astype(stored.dtype.newbyteorder("<"), copy=False).tobytes())
            values[at : at + count] = _scaled(stored, header)
            at += count
        _skip(stream, (header.volumes - index - 1) * header.volume_bytes)
        stream.read(_CHUNK)  # past the end of a gzip stream its checksum is compared
    return values, digest.hexdigest()


def _read_exactly(stream: IO[bytes], count: int) -> bytearray:
    """The next `count` bytes; a gzip stream gives fewer at a time."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(count - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        chunk = stream.read(min(_CHUNK, count))
        if not chunk:
            raise EOFError
        count -= len(chunk)


def _scaling(header: NiftiHeader) -> tuple[float, float] | None:
    """Slope and offset; None where the header has none (a slope of 0, nifti1.h) or they change nothing."""
    slope, offset = float(header.raw["scl_slope"]), float(header.raw["scl_inter"])
    given = np.isfinite(slope) and slope != 0.0 and np.isfinite(offset)
    return (slope, offset) if given and (slope, offset) != (1.0, 0.0) else None


def _scaled(stored: NDArray[Any], header: NiftiHeader) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        line = _scaling(header)
        if line is None:
            return stored.astype(np.float32)
        # In float64: an int32 times a slope loses its last digits in float32.
        return (stored.astype(np.float64) * line[0] + line[1]).astype(np.float32)


def _replace_not_finite(values: NDArray[np.float32]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Set what is not a number or infinite to 0, in place; what was changed and what is doubtful about it."""
    bad = ~np.isfinite(values)
    count = int(bad.sum())
    if not count:
        return (), ()
    if count == values.size:
        raise DamagedFile(
            found="No voxel of the volume holds a finite number.",
            why="There is nothing to show.",
            do="Export the volume again.",
        )
    values[bad] = 0.0
    doubt = f"{count} of {values.size} voxels are not a number or infinite; they were set to 0."
    return ("voxels that are not finite were set to 0",), (doubt,)
