"""Small studies written by code: DICOM with pydicom, NIfTI with nibabel, pictures with Pillow."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

MR = "1.2.840.10008.5.1.4.1.1.4"
CR = "1.2.840.10008.5.1.4.1.1.1"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def dicom(
    path: Path,
    pixels: NDArray[Any] | None,
    *,
    sop_class: str = CR,
    syntax: str = ExplicitVRLittleEndian,
    **tags: Any,
) -> Path:
    """Write a DICOM file; `tags` are keywords, None removes one."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.Modality = "CR"
    if pixels is not None:
        set_pixels(dataset, pixels)
    for keyword, value in tags.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    if syntax == ExplicitVRBigEndian and pixels is not None:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def set_pixels(dataset: Dataset, pixels: NDArray[Any]) -> None:
    """(rows, columns), (frames, rows, columns) or (rows, columns, 3) of uint8, uint16 or int16."""
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    if pixels.ndim == 3 and not colour:
        dataset.NumberOfFrames = pixels.shape[0]
    dataset.Rows, dataset.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def film_pixels(rows: int = 80, columns: int = 70, top: int = 4000) -> NDArray[np.uint16]:
    """A ramp with a bright corner: no two flips of it are equal."""
    pixels = np.linspace(0, top // 2, rows * columns).reshape(rows, columns).astype(np.uint16)
    pixels[:8, :8] = top
    return pixels


def series(
    folder: Path,
    volume: NDArray[Any],
    *,
    step: Sequence[float] = (0.0, 0.0, 2.0),
    origin: Sequence[float] = (-10.0, -20.0, 30.0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    spacing: Sequence[float] = (1.5, 0.75),
    prefix: str = "slice",
    **tags: Any,
) -> list[Path]:
    """Write one file for each (rows, columns) slice of `volume` (slices, rows, columns), `step` apart."""
    folder.mkdir(parents=True, exist_ok=True)
    common: dict[str, Any] = {
        "Modality": "MR",
        "SeriesInstanceUID": generate_uid(),
        "ImageOrientationPatient": list(orientation),
        "PixelSpacing": list(spacing),
        "SliceThickness": 9.0,
        "PatientID": "case-01",
        **tags,
    }
    return [
        dicom(
            folder / f"{prefix}{number:03d}",
            pixels,
            sop_class=MR,
            ImagePositionPatient=[float(o) + number * float(s) for o, s in zip(origin, step, strict=True)],
            **{"InstanceNumber": number + 1, **common},
        )
        for number, pixels in enumerate(volume)
    ]


def volume_pixels(slices: int = 6, rows: int = 12, columns: int = 10, seed: int = 0) -> NDArray[np.int16]:
    """(slices, rows, columns) of noise: every voxel tells where it came from."""
    return np.random.default_rng(seed).integers(0, 1000, (slices, rows, columns)).astype(np.int16)


def nifti(path: Path, values: NDArray[Any], affine: NDArray[Any] | None = None, **fields: Any) -> Path:
    """Write a NIfTI-1 (or -2, by `kind`) file; `fields` are header fields set last."""
    kind = fields.pop("kind", nib.Nifti1Image)
    image = kind(values, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine)
    for field, value in fields.items():
        image.header[field] = value
    nib.save(image, path)
    return path


def picture(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    """Write a picture of the format that the ending says."""
    Image.fromarray(pixels).save(path, **options)
    return path


def pack(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a zip archive of (name, bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files:
            bundle.writestr(name, content)
    return path


def pack_files(path: Path, files: Iterable[Path]) -> Path:
    """Write a zip archive of files under their names, in a folder."""
    return pack(path, ((f"study/{file.name}", file.read_bytes()) for file in files))
