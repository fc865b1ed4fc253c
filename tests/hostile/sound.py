"""Small sound films and volumes of every kind that is read, as bytes: what the mutators damage.

Owns the list; checkpoints are in `weights`. Everything is seeded and without a date, so that file number n of a seed is
the same file everywhere.
"""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.studies.builders import dicom, film_pixels, nifti, series, volume_pixels

EPOCH = (1980, 1, 1, 0, 0, 0)
UIDS = {"SOPInstanceUID": "1.2.3.4", "SeriesInstanceUID": "1.2.3"}


@cache
def studies() -> dict[str, bytes]:
    """A film or volume of each form, by the ending that it usually has."""
    with tempfile.TemporaryDirectory() as folder:
        return dict([*_pictures(), *_films(Path(folder)), *_volumes(Path(folder)), *_series(Path(folder))])


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of (name, content), without a date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as bundle:
        for name, content in members:
            bundle.writestr(zipfile.ZipInfo(name, EPOCH), content, method)
    return out.getvalue()


def dicom_bytes(dataset: Dataset) -> bytes:
    """A data set as a file."""
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _grey() -> np.ndarray:
    return (film_pixels() // 16).astype(np.uint8)


def _pictures() -> Iterator[tuple[str, bytes]]:
    for ending, form, pixels in (
        ("png", "PNG", _grey()),
        ("16.png", "PNG", film_pixels()),
        ("jpg", "JPEG", _grey()),
        ("tif", "TIFF", film_pixels()),
        ("bmp", "BMP", _grey()),
        ("webp", "WEBP", _grey()),
    ):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, form)
        yield ending, out.getvalue()
    out = io.BytesIO()
    Image.fromarray(film_pixels()).save(out, "TIFF", compression="tiff_lzw")
    yield "lzw.tif", out.getvalue()


def _films(folder: Path) -> Iterator[tuple[str, bytes]]:
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        yield f"{syntax.name}.dcm", dicom(folder / "film", film_pixels(), syntax=syntax, **UIDS).read_bytes()
    for syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless):
        dataset = dcmread(dicom(folder / "film", film_pixels(), **UIDS))
        dataset.compress(syntax, generate_instance_uid=False)
        yield f"{syntax.name}.dcm", dicom_bytes(dataset)
    mono = dicom(folder / "film", film_pixels(), PhotometricInterpretation="MONOCHROME1", WindowCenter=9, **UIDS)
    yield "mono1.dcm", mono.read_bytes()


def _volumes(folder: Path) -> Iterator[tuple[str, bytes]]:
    values = volume_pixels(9, 10, 11)
    plain = nifti(folder / "v.nii", values).read_bytes()
    yield "nii", plain
    yield "nii.gz", gzip.compress(plain, mtime=0)
    yield "float.nii", nifti(folder / "f.nii", values.astype(np.float32)).read_bytes()
    yield "4d.nii", nifti(folder / "4.nii", np.stack([values, values], axis=-1)).read_bytes()
    yield "2.nii", nifti(folder / "2.nii", values, kind=nib.Nifti2Image).read_bytes()
    pair = nib.Nifti1Pair(values, np.eye(4))
    nib.save(pair, folder / "p.hdr")
    yield "pair.zip", zipped(*((f"p.{end}", (folder / f"p.{end}").read_bytes()) for end in ("hdr", "img")))


def _series(folder: Path) -> Iterator[tuple[str, bytes]]:
    files = series(folder / "s", volume_pixels(), SeriesInstanceUID="1.2.3", StudyInstanceUID="1.2")
    members = []
    for number, file in enumerate(files):
        dataset = dcmread(file)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        members.append((f"s/{number}", dicom_bytes(dataset)))
    yield "series.zip", zipped(*members)
    yield "slice.dcm", members[0][1]
