"""What a NIfTI header says, checked before any voxel is read.

Owns what a header must say to be a volume, the limits, and the free text it carries. The affine and its doubts are
in `nifti_affine`, the voxels in `nifti`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

import numpy as np
from isal import igzip
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader

from core.errors import GeometryError, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies.faults import DECODER_FAULTS, damaged
from core.studies.sniff import nifti_magic
from core.studies.sources import Source

_HEADER_BYTES: Final = 540
_SCALARS: Final = {2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280}
"""Data type codes of one real number a voxel: integers of 8 to 64 bits, float32, float64 (nifti1.h)."""
_IDENTIFYING_FIELDS: Final = ("descrip", "aux_file", "db_name", "intent_name")


@dataclass(frozen=True, slots=True, eq=False)
class NiftiHeader:
    """What the bytes of a header say, checked.

    shape : (i, j, k); volumes : how many of that shape lie one after another; dtype : in the file's byte order.
    """

    raw: Nifti1Header
    shape: tuple[int, int, int]
    volumes: int
    dtype: np.dtype[Any]
    data_at: int
    pair: bool

    @property
    def volume_bytes(self) -> int:
        """Bytes of one volume as stored."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def data_bytes(self) -> int:
        """Bytes of all volumes as stored."""
        return self.volume_bytes * self.volumes


def read_nifti_header(source: Source) -> NiftiHeader:
    """The checked header of a NIfTI file or of the header file of a pair.

    Raises
    ------
    DamagedFile, UnsupportedFile, GeometryError, TooLarge
    """
    with open_nifti(source) as stream:
        start = stream.read(_HEADER_BYTES)
    try:
        raw, pair = _parse(start)
        dims = [int(size) for size in raw["dim"]]
        code, data_at = int(raw["datatype"]), int(raw["vox_offset"])
        dtype = raw.get_data_dtype() if code in _SCALARS else None
    except DECODER_FAULTS as fault:
        raise damaged(source.name, "a NIfTI file") from fault
    if dtype is None:
        raise _not_grey(source.name, code)
    shape, volumes = _grid(source.name, dims)
    header = NiftiHeader(raw, shape, volumes, dtype, data_at, pair)
    if data_at < 0 or (not pair and data_at < _minimum_offset(start)):
        raise damaged(source.name, "a NIfTI file")
    _require_size(source.name, header)
    _require_data(source, header)
    return header


@contextmanager
def open_nifti(source: Source) -> Iterator[IO[bytes]]:
    """The stream of a file, inflated by ISA-L where it is gzip; what goes wrong inside is a damaged file."""
    try:
        if source.head(2) == b"\x1f\x8b":
            with igzip.open(source.path, "rb") as stream:
                yield stream
        else:
            with source.path.open("rb") as stream:
                yield stream
    except DECODER_FAULTS as fault:
        raise damaged(source.name, "a NIfTI file") from fault


def _parse(start: bytes) -> tuple[Nifti1Header, bool]:
    size_1 = start[:4] in {b"\x5c\x01\0\0", b"\0\0\x01\x5c"}
    pair = nifti_magic(start) == b"ni"
    kind: Any = {  # Any: nibabel's headers have no types
        (True, False): Nifti1Header,
        (True, True): Nifti1PairHeader,
        (False, False): Nifti2Header,
        (False, True): Nifti2PairHeader,
    }[size_1, pair]
    return kind(start[: 348 if size_1 else 540], check=False), pair


def _minimum_offset(start: bytes) -> int:
    return 348 if start[:4] in {b"\x5c\x01\0\0", b"\0\0\x01\x5c"} else 540


def _grid(name: str, dims: list[int]) -> tuple[tuple[int, int, int], int]:
    """Shape and number of volumes; trailing axes of length 1 count for nothing."""
    count = dims[0]
    sizes = dims[1 : count + 1]
    if not 1 <= count <= 7 or any(size < 1 for size in sizes):
        raise damaged(name, "a NIfTI file")
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if len(sizes) > 4:
        raise UnsupportedFile(
            found=f"{name} has {len(sizes)} dimensions ({' x '.join(map(str, sizes))}).",
            why="Vectors or tensors in each voxel are not an image to look at.",
            do="Export one volume, with three dimensions.",
        )
    if len(sizes) < 3 or min(sizes[:3]) < 2:
        raise GeometryError(
            found=f"{name} is a single slice ({' x '.join(map(str, sizes))} voxels).",
            why="One slice is not a volume, and without the X-ray header it is not a film.",
            do="Bring the whole volume.",
        )
    volumes = sizes[3] if len(sizes) == 4 else 1
    return (sizes[0], sizes[1], sizes[2]), volumes


def _not_grey(name: str, code: int) -> UnsupportedFile:
    what = {1: "single bits", 32: "complex numbers", 1792: "complex numbers", 2048: "complex numbers"}.get(code)
    what = "colours" if code in {128, 2304} else what or f"numbers of a kind we do not read (code {code})"
    return UnsupportedFile(
        found=f"{name} holds {what} in its voxels.",
        why="A volume to look at has one real number in each voxel.",
        do="Export the magnitude, or one channel, as a plain volume.",
    )


def _require_data(source: Source, header: NiftiHeader) -> None:
    """Refuse a plain file that is shorter than its header says; of a gzip stream only reading tells."""
    if not header.pair and source.head(2) != b"\x1f\x8b" and source.size < header.data_at + header.data_bytes:
        raise damaged(source.name, "a NIfTI file")


def _require_size(name: str, header: NiftiHeader) -> None:
    voxels = int(np.prod(header.shape, dtype=np.int64))
    limits = settings()
    over = voxels > limits.volume_mega_voxels * 10**6 or header.data_bytes > limits.unpacked_mib << 20
    if over or header.volumes > limits.time_points:
        raise TooLarge(
            found=f"{name} claims {' x '.join(map(str, header.shape))} voxels in {header.volumes} volume(s).",
            why=f"The limits are {limits.volume_mega_voxels} million voxels, {limits.time_points} volumes "
            f"and {limits.unpacked_mib} MiB.",
            do="Crop or resample it, or export one volume.",
        )


def recognised(source: Source, header: NiftiHeader) -> str:
    """What the file is, in words for the report."""
    version = 2 if isinstance(header.raw, Nifti2Header) else 1
    form = "pair" if header.pair else "gzip" if source.head(2) == b"\x1f\x8b" else "single file"
    order = "big" if header.raw.endianness == ">" else "little"
    return f"NIfTI-{version}, {form}, {header.dtype.name}, {order} endian"


def free_text_in(source: Source, header: NiftiHeader) -> tuple[str, ...]:
    """Names of the free-text fields that are not empty, and of an extension block."""
    names = {field for field in _IDENTIFYING_FIELDS if field in header.raw}
    found = sorted(name for name in names if bytes(header.raw[name].tobytes()).strip(b"\0 "))
    if _has_extensions(source, header):
        found.append("header extensions")
    return tuple(found)


def _has_extensions(source: Source, header: NiftiHeader) -> bool:
    """Four bytes after the header say whether blocks of foreign text follow (nifti1.h, `extender`)."""
    size = 540 if isinstance(header.raw, Nifti2Header) else 348
    with open_nifti(source) as stream:
        flags = stream.read(size + 4)[size:]
    return len(flags) == 4 and flags[0] != 0 and (header.pair or header.data_at > size + 4)
