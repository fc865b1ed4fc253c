"""Study files that were made to hurt: lying headers with a right checksum, bombs, archives that want to climb out.

Owns one function for each trap: (random, token) to bytes. `token` stands in every name that must never appear on disk.
"""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from tests.hostile.mutate import EXTREMES
from tests.hostile.sound import EPOCH, UIDS, dicom_bytes, studies, zipped
from tests.studies.builders import CR

Trap = Callable[[random.Random, str], bytes]

MIB = 1 << 20
OUTSIDE = "/tmp"  # noqa: S108  # where a hostile file would like to write


def nifti_that_asks_for_18_gb(rng: random.Random, token: str) -> bytes:
    """400 bytes whose header asks for 18 GB."""
    return _nifti_head(dims=(3, 1650, 1650, 1650), code=16) + bytes(48)


def nifti_of_extreme_size(rng: random.Random, token: str) -> bytes:
    """Sizes, data type, offset and spacing drawn from extreme numbers; plain or gzip."""
    dims = (rng.choice((0, 1, 3, 4, 5, 7, 8, -1)), *(rng.choice((0, 1, 2, 9, 32767, -32768)) for _ in range(7)))
    content = bytearray(_nifti_head(dims, rng.choice((0, 1, 2, 4, 16, 32, 64, 128, 1536, 2304, -1))) + bytes(4000))
    struct.pack_into("<f", content, 108, rng.choice((0.0, 352.0, -1.0, 1e30, float("nan"), float("inf"))))
    for place in rng.sample(range(76, 108, 4), 3):
        struct.pack_into("<f", content, place, rng.choice((0.0, -1.0, 1e38, float("nan"), float("inf"), 1e-38)))
    struct.pack_into("<2f", content, 112, rng.choice((0.0, float("nan"), 1e38)), rng.choice((0.0, float("inf"), -1e38)))
    return gzip.compress(bytes(content), mtime=0) if rng.random() < 0.5 else bytes(content)


def gzip_bomb(rng: random.Random, token: str) -> bytes:
    """A small NIfTI followed by zeros a thousand times its size, or zeros alone."""
    lead = _nifti_head(dims=(3, 9, 9, 9), code=4) + bytes(4) if rng.random() < 0.7 else b""
    return _packed(rng.choice((8, 32, 64)), 31, lead)


def gzip_in_gzip(rng: random.Random, token: str) -> bytes:
    """Three layers of it."""
    content = _packed(32, 31)
    for _ in range(rng.randint(1, 3)):
        content = gzip.compress(content, mtime=0)
    return content


def zip_bomb(rng: random.Random, token: str) -> bytes:
    """Zeros, in one member or in many, some of them with a size that lies."""
    content = _zip_of_zeros(rng.choice((1, 2, 4)))
    if rng.random() < 0.5:  # the directory then claims a few bytes
        content = content.replace(struct.pack("<I", 16 * MIB), struct.pack("<I", 12))
    return content


def zip_of_many(rng: random.Random, token: str) -> bytes:
    """More members than an archive may have."""
    return _zip_of_small(rng.choice((500, 20_001)))


def zip_that_overlaps(rng: random.Random, token: str) -> bytes:
    """Many directory entries that point at one packed member."""
    one = _zip_of_zeros(1)
    end = one.rindex(b"PK\5\6")
    start = one.index(b"PK\1\2")
    count = rng.choice((2, 200))
    directory = one[start:end] * count
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
    return one[:start] + directory + tail


def archive_in_archive(rng: random.Random, token: str) -> bytes:
    """Nested to any depth; the innermost is a sound film."""
    content = studies()["png"]
    for depth in range(rng.randint(2, 12)):
        content = zipped((f"{depth}.zip", content))
    return content


def zip_that_climbs(rng: random.Random, token: str) -> bytes:
    """Names with `..`, absolute names, names of devices, with a sound film behind each."""
    names = (
        f"../../../{token}.png",
        f"{OUTSIDE}/{token}.png",
        f"..\\..\\{token}.png",
        f"C:\\{token}.png",
        f"~/{token}.png",
        f"a/../../{token}.png",
        f"{token}\0.png",
        f"{token}/" * 200,
        f"con.{token}",
        f"\u202egnp.{token}",
        f"$(touch {token})",
    )
    return zipped(*((name, studies()["png"]) for name in rng.sample(names, rng.randint(1, len(names)))))


def zip_with_links(rng: random.Random, token: str) -> bytes:
    """Symbolic links to files of the system, and members that would be written through them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        link = zipfile.ZipInfo("film.png", EPOCH)
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(link, rng.choice(("/etc/passwd", OUTSIDE, "../../..", f"{OUTSIDE}/{token}")))
        bundle.writestr(zipfile.ZipInfo(f"film.png/{token}", EPOCH), b"x")
    return out.getvalue()


def zip_that_is_locked(rng: random.Random, token: str) -> bytes:
    """The flag for encryption, unknown methods, names that are no text."""
    content = bytearray(zipped(("a.png", studies()["png"])))
    for sign, flags, method in ((b"PK\3\4", 6, 8), (b"PK\1\2", 8, 10)):
        at = content.index(sign)
        struct.pack_into("<H", content, at + flags, rng.choice((0, 1, 0x41, 0x800)))
        struct.pack_into("<H", content, at + method, rng.choice((0, 8, 6, 9, 12, 14, 93, 99)))
    return bytes(content)


def dicom_deflate_bomb(rng: random.Random, token: str) -> bytes:
    """A deflated data set that grows a thousandfold."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = CR, "1.2.3"
    meta = dicom_bytes(dataset)
    begin = 144 + int.from_bytes(meta[140:144], "little")
    size = rng.choice((16, 64))
    return meta[:begin] + _packed(size, -15, struct.pack("<HH2sHI", 0x0009, 0x0010, b"OB", 0, size * MIB))


def dicom_nested(rng: random.Random, token: str) -> bytes:
    """Sequences in sequences, 250 deep and more, of stated or open length."""
    return nested_film(rng.choice((50, 250, 1000, 5000)), open_length=rng.random() < 0.5)


def nested_film(depth: int, *, open_length: bool) -> bytes:
    """A sound film before whose pixels lies a sequence in a sequence, `depth` times."""
    tag = struct.pack("<HH", 0x0040, 0xA730)
    inner = struct.pack("<HH2sH", 0x0008, 0x0060, b"CS", 2) + b"CR"
    for _ in range(depth):
        if open_length:
            item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + inner + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
            end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
            inner = tag + b"SQ\0\0" + struct.pack("<I", 0xFFFFFFFF) + item + end
        else:
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
            inner = tag + b"SQ\0\0" + struct.pack("<I", len(item)) + item
    film = dcmread(io.BytesIO(_film()))
    film.remove_private_tags()
    content = dicom_bytes(film)
    at = content.index(struct.pack("<HH", 0x7FE0, 0x0010))
    return content[:at] + inner + content[at:]


def dicom_that_lies(rng: random.Random, token: str) -> bytes:
    """Sizes, depths and counts that contradict the pixels or each other."""
    film = dcmread(io.BytesIO(_film()))
    fields = {
        "Rows": EXTREMES[:9], "Columns": EXTREMES[:9], "BitsAllocated": (0, 1, 7, 12, 16, 32, 64, 65535),
        "BitsStored": (0, 1, 12, 17, 65535), "HighBit": (0, 7, 15, 65535), "SamplesPerPixel": (0, 1, 2, 3, 4, 65535),
        "PixelRepresentation": (0, 1, 2), "PlanarConfiguration": (0, 1, 9),
        "NumberOfFrames": ("0", "1", "-1", "2147483647"),
        "PhotometricInterpretation": ("", "MONOCHROME1", "RGB", "PALETTE COLOR", "YBR_FULL_422", token),
        "Modality": ("", "MR", "CT", "OT", "US", token), "RescaleSlope": ("0", "1e308", "-1e-300", "1E+16"),
        "RescaleIntercept": ("1e308", "-1e308"), "WindowCenter": ("1e308", ["1", "2", "3"]),
        "WindowWidth": ("0", "-5", "1e308"),
        "PixelSpacing": (["0", "0"], ["1e30", "1"], ["1"]), "ImagePositionPatient": (["1e300", "0", "0"], ["1"]),
        "ImageOrientationPatient": (["0"] * 6, ["1", "0", "0", "1", "0", "0"], ["1e30"] * 6),
        "BodyPartExamined": (token, "CHEST"), "PatientName": (f"=cmd|'{token}'!A0",), "SeriesNumber": ("2147483647",),
        "SpecificCharacterSet": ("ISO_IR 192", "NONE", token),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that the standard does not allow: that is the point
        for keyword in rng.sample(sorted(fields), rng.randint(1, 5)):
            setattr(film, keyword, rng.choice(fields[keyword]))
        return dicom_bytes(film)


def png_that_lies(rng: random.Random, token: str) -> bytes:
    """A width and height of any size under a right checksum."""
    content = bytearray(studies()["png"])
    sides = [rng.choice((0, 1, 70, 65535, 2**31 - 1, 2**32 - 1)) for _ in range(2)]
    struct.pack_into(">2I2B", content, 16, *sides, rng.choice((1, 8, 16, 99)), rng.choice((0, 2, 3, 4, 6, 9)))
    struct.pack_into(">I", content, 29, zlib.crc32(bytes(content[12:29])))
    return bytes(content)


def png_text_bomb(rng: random.Random, token: str) -> bytes:
    """A text chunk that grows a thousandfold."""
    content = studies()["png"]
    body = b"zTXt" + f"{token}".encode() + b"\0\0" + _packed(rng.choice((8, 64)), 15)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:33] + chunk + content[33:]


def tiff_in_circles(rng: random.Random, token: str) -> bytes:
    """A directory of pages that leads back to itself."""
    content = bytearray(studies()["tif"])
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    struct.pack_into("<I", content, at + 2 + 12 * count, rng.choice((at, 8, 4, len(content) - 2, 0xFFFFFFFF)))
    return bytes(content)


def another_format(rng: random.Random, token: str) -> bytes:
    """What is no image at all: programs, pages, documents, noise, nothing."""
    starts = (
        b"", b"MZ\x90\0", b"\x7fELF\2\1\1", b"<html><script>alert(1)</script>", b"%PDF-1.7\n", b"#!/bin/sh\ntouch ",
        b"GIF89a", b"\x80\x04\x95", b"\x93NUMPY\x01\0", b"{\"a\": 1}", b"\xff\xd8\xff", b"BM", b"RIFF\0\0\0\0WEBP",
        b"II*\0",
        b"\x1f\x8b\x08", b"PK\5\6", b"\x5c\x01\0\0",
    )  # fmt: skip
    return rng.choice(starts) + token.encode() + rng.randbytes(rng.choice((0, 10, 1000, 5000)))


TRAPS: dict[str, Trap] = {
    "NIfTI that asks for 18 GB": nifti_that_asks_for_18_gb,
    "NIfTI of extreme size": nifti_of_extreme_size,
    "gzip bomb": gzip_bomb,
    "gzip in gzip": gzip_in_gzip,
    "zip bomb": zip_bomb,
    "zip of too many": zip_of_many,
    "zip that overlaps": zip_that_overlaps,
    "archive in archive": archive_in_archive,
    "zip with .. names": zip_that_climbs,
    "zip with links": zip_with_links,
    "zip locked or unknown": zip_that_is_locked,
    "DICOM deflate 1000:1": dicom_deflate_bomb,
    "DICOM nested deep": dicom_nested,
    "DICOM that lies": dicom_that_lies,
    "PNG that lies": png_that_lies,
    "PNG text bomb": png_text_bomb,
    "TIFF in circles": tiff_in_circles,
    "no image": another_format,
}


@cache
def _packed(size_mib: int, wbits: int, lead: bytes = b"") -> bytes:
    """Zeros behind a lead, packed a thousandfold; kept, since packing takes longer than opening."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(lead + bytes(size_mib * MIB)) + packer.flush()


@cache
def _zip_of_zeros(count: int) -> bytes:
    return zipped(*((f"{number}.dcm", bytes(16 * MIB)) for number in range(count)))


@cache
def _zip_of_small(count: int) -> bytes:
    return zipped(*((f"{number}", b"x") for number in range(count)), method=zipfile.ZIP_STORED)


def _film() -> bytes:
    film = dcmread(io.BytesIO(studies()["mono1.dcm"]))
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in UIDS.items():
        setattr(film, keyword, value)
    return dicom_bytes(film)


def _nifti_head(dims: tuple[int, ...], code: int) -> bytes:
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, *(*dims, *[1] * 8)[:8])
    struct.pack_into("<2h", head, 70, code, 8 * np.dtype(np.float32).itemsize)
    struct.pack_into("<8f", head, 76, *[1.0] * 8)
    struct.pack_into("<f", head, 108, 352.0)
    head[344:348] = b"n+1\0"
    return bytes(head)
