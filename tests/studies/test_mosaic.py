"""Mosaics: tiles of one picture laid out as the slices of a volume."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from core.errors import ChoiceNeeded, GeometryError, StudyError, UnsupportedFile
from core.studies import read_study
from tests.studies.builders import MR, dicom, volume_pixels

SPACING = (1.5, 0.75)
STEP_MM = 3.6
ROW, COLUMN = np.array([1.0, 0, 0]), np.array([0, 0.8, -0.6])
NORMAL = np.cross(ROW, COLUMN)
FIRST = np.array([-10.0, -20.0, 30.0])
"""Centre of the first voxel of the first slice, LPS mm."""


def _csa(count: int, normal: NDArray[np.float64]) -> bytes:
    """A private image header as the maker lays it out (its second form): names, counts, padded texts."""
    tags = {"NumberOfImagesInMosaic": ("US", [str(count)]), "SliceNormalVector": ("FD", [f"{n:.8f}" for n in normal])}
    out = b"SV10\x04\x03\x02\x01" + struct.pack("<2I", len(tags), 77)
    for name, (vr, items) in tags.items():
        out += struct.pack("<64si4s3i", name.encode(), len(items), vr.encode(), 6, len(items), 77)
        for item in items:
            text = item.encode() + b"\0"
            out += struct.pack("<4i", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4)
    return out


def _tiled(slices: NDArray[np.int16]) -> NDArray[np.int16]:
    """(slices, rows, columns) as one square of tiles, row by row; what is left over stays empty."""
    count, rows, columns = slices.shape
    side = int(np.ceil(np.sqrt(count)))
    picture = np.zeros((side * rows, side * columns), np.int16)
    for number, one in enumerate(slices):
        top, left = number // side * rows, number % side * columns
        picture[top : top + rows, left : left + columns] = one
    return picture


def mosaic(
    folder: Path, slices: NDArray[np.int16], *, normal: NDArray[np.float64] = NORMAL, private: Any = None, **tags: Any
) -> Path:
    """One mosaic whose first slice begins at FIRST; `private` replaces the private header, b'' leaves it out."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = _tiled(slices)
    # A header gives the corner that the whole picture would have, were it centred on the first slice.
    outwards = (picture.shape[1] - slices.shape[2]) / 2 * SPACING[1] * ROW
    outwards = outwards + (picture.shape[0] - slices.shape[1]) / 2 * SPACING[0] * COLUMN
    path = dicom(
        folder / "mosaic.dcm",
        picture,
        sop_class=MR,
        **{
            "Modality": "MR",
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
            "ImageOrientationPatient": [*ROW, *COLUMN],
            "ImagePositionPatient": list(FIRST - outwards),
            "PixelSpacing": list(SPACING),
            "SpacingBetweenSlices": STEP_MM,
            "SliceThickness": 3.0,
            **tags,
        },
    )
    header = dcmread(path)
    block = header.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    told = _csa(len(slices), normal) if private is None else private
    if told:
        block.add_new(0x10, "OB", told)
    header.save_as(path)
    return path


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("count", [3, 4, 7])
def test_tiles_become_slices_at_their_places(tmp_path: Path, count: int, sign: int) -> None:
    """Every voxel tells where it came from; tiles may follow each other against the picture's own normal."""
    slices = volume_pixels(count)

    study = read_study([mosaic(tmp_path, slices, normal=sign * NORMAL)])

    assert study.geometry.affine is not None
    assert study.geometry.spacing_mm == pytest.approx((0.75, 1.5, STEP_MM))
    to_index = np.linalg.inv(study.geometry.affine)
    for number, row, column in [(0, 0, 0), (count - 1, 11, 9), (1, 5, 3)]:
        lps = FIRST + column * SPACING[1] * ROW + row * SPACING[0] * COLUMN + number * STEP_MM * sign * NORMAL
        index = to_index @ [*(lps * [-1, -1, 1]), 1]
        assert index == pytest.approx(np.rint(index), abs=1e-4)
        assert study.pixels[0][tuple(np.rint(index[:3]).astype(int))] == slices[number, row, column]
    assert any("mosaic" in said for said in study.report.changed)


def test_mosaics_of_several_times_are_a_choice(tmp_path: Path) -> None:
    """A functional series is one mosaic a time point."""
    volumes = [volume_pixels(4, seed=seed) for seed in range(3)]
    files = [
        mosaic(tmp_path / f"{n}", volume, InstanceNumber=n + 1, AcquisitionNumber=n + 1, SeriesInstanceUID="1.2.3")
        for n, volume in enumerate(volumes)
    ]

    with pytest.raises(ChoiceNeeded, match="3 volume"):
        read_study(files)

    assert np.array_equal(read_study(files, volume=1).pixels[0], volumes[1].transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("private", "tags", "error", "said"),
    [
        (b"", {}, UnsupportedFile, "private part"),
        (b"SV10 and then nothing that one could read", {}, UnsupportedFile, "private part"),
        (_csa(4, NORMAL)[:100], {}, UnsupportedFile, "private part"),
        (_csa(0, NORMAL), {}, UnsupportedFile, "private part"),
        (_csa(900, NORMAL), {}, UnsupportedFile, "private part"),
        (_csa(4, ROW), {}, GeometryError, "another direction"),
        (_csa(4, np.zeros(3)), {}, GeometryError, "another direction"),
        (None, {"SpacingBetweenSlices": None}, GeometryError, "distance between its slices"),
        (None, {"SpacingBetweenSlices": -1.0}, GeometryError, "distance between its slices"),
    ],
)
def test_a_mosaic_that_does_not_tell_its_tiles_is_refused(
    tmp_path: Path, private: bytes | None, tags: dict[str, Any], error: type[StudyError], said: str
) -> None:
    """Shown as one slice it would be anatomically wrong; guessed at, too."""
    path = mosaic(tmp_path, volume_pixels(4), private=private, **tags)

    with pytest.raises(error, match=said):
        read_study([path])
